/** Moving in from other versions of Postgres, several at once, and breaking off. */
import { spawn } from "node:child_process";
import { access, mkdir, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 240_000 });

const olderBin = "/usr/lib/postgresql/15/bin";
const hasOlder = await access(join(olderBin, "postgres")).then(
  () => true,
  () => false,
);

let postern: PosternHome;
let fixture: BackupFixture;
const servers: TestServer[] = [];

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  fixture = backupFixture(postern);
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
});
afterAll(async () => {
  await postern.close();
  await Promise.all(servers.map((server) => server.stop()));
});

async function startSource(programs?: Parameters<typeof startTestServer>[1]) {
  const server = await startTestServer({}, programs);
  servers.push(server);
  const admin = await server.connect();
  await admin.query(
    "create role hosted login; create role anon; create role authenticated; create role service_role bypassrls",
  );
  await admin.end();
  const database = await server.createDatabase({ owner: "hosted" });
  const url = `postgres://hosted@localhost/${database}?host=${encodeURIComponent(server.socketDirectory)}`;
  return { server, database, url };
}

const leftScratch = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("postern-import-")).length;

describe.skipIf(!hasOlder)("an older major", () => {
  it("is taken over with all its rows", async () => {
    const { server, database, url } = await startSource({
      postgresBin: olderBin,
      postgresVersion: "15.test",
    });
    const owner = await server.connect({ user: "hosted", database });
    await owner.query(await readFile(new URL("../support/foreign-database.sql", import.meta.url), "utf8"));
    await owner.end();
    const { id } = await fixture.create("from-older");
    const result = await postern.run(["db", "import", "from-older", url, "--json", "--allow-missing"]);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ tables: 7, rows: 4403, verified: true });
    expect(await fixture.rows(id, "select count(*)::int as n from shop.paid")).toEqual([{ n: 3000 }]);
  });

  it("of pg_dump does not read a newer server, and says so before anything is done", async () => {
    const { url } = await startSource();
    const { id } = await fixture.create("too-new");
    const none = join(postern.project, "none");
    await mkdir(none);
    const end = await postern.run(["db", "import", "too-new", url], {
      environment: { POSTERN_TOOLCHAIN_DIR: none },
    });
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/newest pg_dump here is 15/);
    expect(end.stderr).toContain("postgresql-client-17");
    expect(
      await fixture.rows(
        id,
        "select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace",
      ),
    ).toEqual([{ n: 0 }]);
  });
});

it("brings the ledger of migrations along from another database of Postern's", async () => {
  const source = await fixture.create("migrated");
  const files = [{ name: "001_users.sql", sql: "create table users (id int)" }];
  await fixture.completed(await postern.api("POST", `/v1/databases/${source.id}/migrations`, { files }));
  const { direct } = await fixture.urls(source.id);
  const target = await fixture.create("migrated-copy");
  const end = await postern.run(["db", "import", "migrated-copy", direct, "--allow-missing", "--json"]);
  expect(end.code).toBe(0);
  expect(JSON.parse(end.stdout)).toMatchObject({ tables: 1, verified: true });
  const again = await fixture.completed(
    await postern.api("POST", `/v1/databases/${target.id}/migrations`, { files }),
  );
  expect(again.result).toMatchObject({ applied: 0, already_applied: 1 });
});

it("lets one of two imports at once have the database, and undoes the other", async () => {
  const { server, database, url } = await startSource();
  const owner = await server.connect({ user: "hosted", database });
  await owner.query(
    "create table t as select g as id from generate_series(1, 50000) g; create schema s; create table s.u (a int)",
  );
  await owner.end();
  const { id } = await fixture.create("twice");
  const ends = await Promise.all([1, 2].map(() => postern.run(["db", "import", "twice", url])));
  expect(
    ends
      .map(({ code }) => code)
      .sort()
      .at(0),
  ).toBe(0);
  expect(
    ends
      .map(({ code }) => code)
      .sort()
      .at(1),
  ).toBeGreaterThan(0);
  expect(await fixture.rows(id, "select count(*)::int as n from t")).toEqual([{ n: 50_000 }]);
});

it("leaves nothing of an import that is broken off: no rows, no copy, no session", async () => {
  const { server, database, url } = await startSource();
  const owner = await server.connect({ user: "hosted", database });
  // Restored by another role than here it takes a while: each row waits.
  await owner.query(`
    create function slow(a int) returns int immutable language plpgsql as $$
      begin if current_user <> 'hosted' then perform pg_catalog.pg_sleep(0.05); end if; return a; end $$;
    create table early (a int); create table t (a int, b int generated always as (public.slow(a)) stored);
    insert into t select generate_series(1, 2000)`);
  await owner.end();
  const { id } = await fixture.create("broken-off");
  const before = await leftScratch();
  const program = fileURLToPath(new URL("../../dist/bin/postern.js", import.meta.url));
  const child = spawn(process.execPath, [program, "db", "import", "broken-off", url], {
    cwd: postern.project,
    env: postern.environment,
    stdio: "ignore",
  });
  const gone = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const copying =
    "select count(*)::int as n from pg_stat_activity where query ilike 'COPY%' and datname = current_database()";
  await waitUntil("rows are copied", async () => (await fixture.rows(id, copying))[0]!.n === 1, 60_000);
  child.kill("SIGINT");
  expect(await gone).toBe(130);
  await waitUntil("its session has ended", async () => (await fixture.rows(id, copying))[0]!.n === 0, 30_000);
  expect(await fixture.rows(id, "select to_regclass('early') as early, to_regclass('t') as t")).toEqual([
    { early: null, t: null },
  ]);
  expect(await leftScratch()).toBeLessThanOrEqual(before);
});
