/** Filling a server whose own programs are not there, by those of a newer major. */
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillServer } from "../../../src/backups/fill-server.ts";
import { readConfig } from "../../../src/base/config.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { serverLayout } from "../../../src/instances/server-layout.ts";
import { ownPath } from "../../../src/runtime/own-path.ts";
import { PostgresMajors } from "../../../src/runtime/postgres-majors.ts";
import { runProgram } from "../../../src/runtime/run-program.ts";
import { ensureServerAccount } from "../../../src/runtime/server-account.ts";
import { postgresMajor, postgresProgram } from "../../../src/runtime/toolchain.ts";
import { startTestServer, superuser, type TestServer } from "../../support/test-server.ts";
import { testToolchain } from "../../support/toolchain.ts";

const toolchain = await testToolchain();
const majors = new PostgresMajors(toolchain, readConfig());
const list = await majors.list();
const older = list.find((major) => Number(major) < 17);

describe("programs for a server's major", () => {
  it("are the next newer one's where its own cannot be had, and never older ones", async () => {
    const missing = ["15", "16", "17", "18"].find(
      (major) => !list.includes(major) && Number(major) < Number(majors.usual),
    );
    if (missing !== undefined)
      expect(Number(postgresMajor(await majors.getReader(missing)))).toBeGreaterThan(Number(missing));
    await expect(majors.getReader("99")).rejects.toMatchObject({ code: "Y3009" });
  });
});

describe.skipIf(older === undefined || Number(majors.usual) < 17)("an older server", () => {
  let home: string;
  let source: TestServer;
  let target: TestServer;
  let dump: string;
  let list: string;
  let platform: Platform;

  beforeAll(async () => {
    const account = await ensureServerAccount();
    home = await mkdtemp(join(tmpdir(), "pn-fill-"));
    await ownPath(home, account);
    [source, target] = await Promise.all([startTestServer(), startTestServer({}, await majors.get(older!))]);
    const admin = await source.connect();
    await admin.query(`create table notes (id int primary key, body text);
      insert into notes select g, E'a\\nSET transaction_timeout = 0;\\n' || g from generate_series(1, 20000) g`);
    await admin.end();
    [dump, list] = [join(home, "dump"), join(home, "list")];
    const at = ["-h", source.socketDirectory, "-p", "5432", "-U", superuser, "-d", "postgres"];
    const run = (program: "pg_dump" | "pg_restore", args: string[]) =>
      runProgram(postgresProgram(toolchain, program), args, { account });
    expect(await run("pg_dump", [...at, "-Fc", "-f", dump])).toMatchObject({ exitCode: 0 });
    await writeFile(list, (await run("pg_restore", ["--list", dump])).stdout);
    const { dataDirectory } = serverLayout(home, "ins-older");
    await mkdir(dataDirectory, { recursive: true });
    await writeFile(join(dataDirectory, "PG_VERSION"), `${older}\n`);
    platform = {
      account,
      config: { home },
      majors: { getReader: async () => toolchain },
    } as unknown as Platform;
  }, 120_000);
  afterAll(async () => {
    await Promise.all([source?.stop(), target?.stop()]);
    await rm(home, { recursive: true, force: true });
  });

  const fill = (database: string) =>
    fillServer(platform, {
      server: "ins-older",
      address: ["-h", target.socketDirectory, "-p", "5432", "-U", superuser, "-d", database],
      choice: ["-L", list, "--no-owner"],
      stdin: createReadStream(dump),
      signal: AbortSignal.timeout(60_000),
    });

  it("is filled with every row", async () => {
    const database = await target.createDatabase();
    expect(await fill(database)).toMatchObject({ exitCode: 0 });
    const client = await target.connect({ database });
    const { rows } = await client.query("select count(*)::int as n, max(length(body)) as longest from notes");
    expect(rows).toEqual([{ n: 20_000, longest: 36 }]);
    await client.end();
  });

  it("and a first error ends it, and is told", async () => {
    const database = await target.createDatabase();
    const client = await target.connect({ database });
    await client.query("create table notes (other int)");
    const end = await fill(database);
    expect(end.exitCode).not.toBe(0);
    expect(end.stderr).toMatch(/relation "notes" already exists/);
    expect((await client.query("select count(*)::int as n from notes")).rows).toEqual([{ n: 0 }]);
    await client.end();
  });
});
