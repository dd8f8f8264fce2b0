/** kill -9 of an import, and of the daemon during one, in each of its phases; and disks that become full. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { mountSmallDisk, type SmallDisk } from "../support/small-disk.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 240_000 });

const megabyte = 1024 ** 2;
const program = fileURLToPath(new URL("../../dist/bin/postern.js", import.meta.url));

let postern: PosternHome;
let fixture: BackupFixture;
let server: TestServer;
let source: { database: string; url: string };
let holder: pg.Client;
/** In no transaction: what it sees of sessions is new each time. */
let looker: pg.Client;
/** What imports keep their copies in, and nothing else. */
let scratch: string;
let disk: SmallDisk | string;
const temporary = process.env.TMPDIR;

beforeAll(async () => {
  disk = await mountSmallDisk("900M");
  // Servers of tests are in the temporary directory.
  if (typeof disk !== "string") process.env.TMPDIR = disk.directory;
  postern = await createPosternHome({ POSTERN_DISK_RESERVE: "0" });
  await postern.start();
  fixture = backupFixture(postern);
  if (temporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporary;
  server = await startTestServer();
  source = await makeSource();
  holder = await server.connect({ database: source.database });
  looker = await server.connect({ database: source.database });
  scratch = join(postern.project, "tmp");
  await mkdir(scratch);
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
    TMPDIR: scratch,
  });
}, 180_000);
afterAll(async () => {
  await holder?.end();
  await looker?.end();
  await postern?.close();
  await server?.stop();
  if (typeof disk !== "string") await disk.remove();
}, 60_000);

/** The rows of `held` wait where they are imported, while the test holds lock 42 there. */
async function makeSource(): Promise<{ database: string; url: string }> {
  const admin = await server.connect();
  await admin.query("create role hosted login");
  await admin.end();
  const database = await server.createDatabase({ owner: "hosted" });
  const owner = await server.connect({ user: "hosted", database });
  await owner.query(`
    create function held_back(a int) returns int immutable language plpgsql as $$
      begin if current_user <> 'hosted' then perform pg_catalog.pg_advisory_xact_lock_shared(42); end if; return a; end $$;
    create table early (a int); insert into early select generate_series(1, 1000);
    create table held (a int, b int generated always as (public.held_back(a)) stored);
    insert into held select generate_series(1, 10);
    create index on held (a); create index on early (a)`);
  await owner.end();
  return {
    database,
    url: `postgres://hosted@localhost/${database}?host=${encodeURIComponent(server.socketDirectory)}`,
  };
}

interface Running {
  child: ChildProcess;
  end: Promise<number | null>;
}

function beginImport(name: string): Running {
  const child = spawn(process.execPath, [program, "db", "import", name, source.url], {
    cwd: postern.project,
    env: postern.environment,
    stdio: "ignore",
  });
  return { child, end: new Promise((resolve) => child.once("exit", (code) => resolve(code))) };
}

const sessionsOf = async (client: pg.Client, condition: string): Promise<number> =>
  (
    await client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and ${condition}`,
    )
  ).rows[0]!.n;

const contentOf = async (id: string) =>
  (
    await fixture.rows(
      id,
      "select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    )
  )[0]!.n;
const rowsOf = (id: string) =>
  fixture.rows(
    id,
    "select (select count(*)::int from early) as early, (select count(*)::int from held) as held",
  );
const whole = [{ early: 1000, held: 10 }];

/** With a session of the owner's that holds lock 42 until `release`. */
async function holdTarget(
  id: string,
  work: (release: () => Promise<void>, client: pg.Client) => Promise<void>,
) {
  await fixture.asOwner(id, async (client) => {
    await client.query("select pg_advisory_lock(42)");
    await work(async () => void (await client.query("select pg_advisory_unlock(42)")), client);
  });
}

const copying = "query ilike 'COPY%' and wait_event_type = 'Lock'";

describe("kill -9 of an import", () => {
  it("while it fetches leaves an empty database and no session", async () => {
    const { id } = await fixture.create("fetching");
    await holder.query("begin; lock table held in access exclusive mode");
    const { child, end } = beginImport("fetching");
    await waitUntil(
      "pg_dump waits",
      async () => (await sessionsOf(looker, "wait_event_type = 'Lock'")) > 0,
      60_000,
    );
    child.kill("SIGKILL");
    await end;
    await holder.query("rollback");
    await waitUntil(
      "nobody reads any more",
      async () => (await sessionsOf(looker, "usename = 'hosted'")) === 0,
      60_000,
    );
    expect(await contentOf(id)).toBe(0);
    expect(await readdir(scratch)).toHaveLength(1);
  });

  it("while it imports leaves nothing of it, and the next one removes the copy that was left", async () => {
    const { id } = await fixture.create("importing");
    await holdTarget(id, async (release, client) => {
      const { child, end } = beginImport("importing");
      await waitUntil("rows wait", async () => (await sessionsOf(client, copying)) > 0, 60_000);
      child.kill("SIGKILL");
      await end;
      await release();
      await waitUntil(
        "what was begun is undone",
        async () => (await sessionsOf(client, "application_name in ('postern', 'pg_restore')")) === 0,
        60_000,
      );
    });
    expect(await contentOf(id)).toBe(0);
    const again = await postern.run(["db", "import", "importing", source.url]);
    expect(again).toMatchObject({ code: 0 });
    expect(await rowsOf(id)).toEqual(whole);
    expect(await readdir(scratch)).toEqual([]);
  });
});

it("goes on through a kill -9 of the daemon, which it does not need", async () => {
  const { id } = await fixture.create("alone");
  await holdTarget(id, async (release, client) => {
    const { end } = beginImport("alone");
    await waitUntil("rows wait", async () => (await sessionsOf(client, copying)) > 0, 60_000);
    await postern.stop("SIGKILL");
    await release();
    expect(await end).toBe(0);
  });
  await postern.start();
  Object.assign(postern.environment, { POSTERN_API_URL: postern.apiUrl() });
  expect(await rowsOf(id)).toEqual(whole);
});

describe("a disk that becomes full", () => {
  it("where a copy is written ends the import before the database is touched, and the export", async (context) => {
    const small = await mountSmallDisk("64k");
    if (typeof small === "string") return context.skip(small);
    const owner = await server.connect({ user: "hosted", database: source.database });
    try {
      await owner.query(
        "create table noise as select md5(g::text) || md5(g::text || 'x') as a from generate_series(1, 20000) g",
      );
      const { id } = await fixture.create("no-room");
      const end = await postern.run(["db", "import", "no-room", source.url], {
        environment: { TMPDIR: small.directory },
      });
      expect(end.stderr).toContain("Y6038");
      expect(end.stderr).toContain("TMPDIR");
      expect(end.code).toBe(1);
      expect(await contentOf(id)).toBe(0);
      const file = join(small.directory, "noise.dump");
      const exported = await postern.run(["db", "export", "--url", source.url, "-o", file]);
      expect(exported.stderr).toContain("Y6035");
      expect(exported.stderr).toContain("became full");
      expect(await readdir(small.directory)).toEqual([]);
    } finally {
      await owner.query("drop table if exists noise");
      await owner.end();
      await small.remove();
    }
  });

  it.for([
    { flags: [], left: 0, hint: "The database was left as it was" },
    { flags: ["--keep-going"], left: 1, hint: "--clean" },
  ])("under the database ends it with Y4050 $flags", async ({ flags, left, hint }, context) => {
    if (typeof disk === "string") return context.skip(disk);
    const name = `full-${flags.length}`;
    const { id } = await fixture.create(name);
    wideDump ??= await exportWide();
    const junk = join(disk.directory, "junk");
    const { bavail, bsize } = await statfs(disk.directory);
    await writeFile(junk, Buffer.alloc(bavail * bsize - 48 * megabyte));
    const end = await postern.run(["db", "import", name, wideDump, ...flags]);
    await rm(junk);
    expect(end.stderr).toContain("Y4050");
    expect(end.stderr).toContain(hint);
    expect(end.code).toBe(1);
    expect(await contentOf(id)).toBe(left);
  });
});

let wideDump: string | undefined;

/** Its index is small there, and where it is imported 90 MB are sorted for it, in files that nothing else waits for. */
async function exportWide(): Promise<string> {
  const database = await server.createDatabase({ owner: "hosted" });
  const owner = await server.connect({ user: "hosted", database });
  await owner.query(`
    create function wide(a int) returns text immutable language sql as
      $$ select case when current_user = 'hosted' then '' else pg_catalog.repeat(pg_catalog.md5(a::text), 15) end $$;
    create table t as select g as a from generate_series(1, 180000) g;
    create index on t (public.wide(a))`);
  await owner.end();
  const file = join(postern.project, "wide.dump");
  const url = source.url.replace(source.database, database);
  expect(await postern.run(["db", "export", "--url", url, "-o", file])).toMatchObject({ code: 0 });
  return file;
}
