import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { applyMigrations } from "../../../src/migrations/apply-migrations.ts";
import { appliedNames, column, filesOf, migrate } from "../../support/migration-fixture.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

let server: TestServer;
let database: string;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await server.createDatabase();
  client = await server.connect({ database });
});

const outcomes = (result: Awaited<ReturnType<typeof migrate>>) =>
  result.migrations.map(({ name, outcome }) => `${outcome} ${name}`);

describe("to", () => {
  const files = {
    "001_a.sql": "create table a ()",
    "002_b.sql": "create table b ()",
    "003_c.sql": "select nope",
  };

  it.each(["002_b.sql", "002_b", "002"])("%s stops after that file", async (to) => {
    expect(outcomes(await migrate(client, files, { to }))).toEqual([
      "applied 001_a.sql",
      "applied 002_b.sql",
    ]);
  });

  it("a file that is not there runs nothing", async () => {
    await expect(migrate(client, files, { to: "004" })).rejects.toMatchObject({ code: "Y3035" });
    expect(await column(client, "select to_regclass('a')")).toEqual([null]);
  });
});

it("strict refuses a file that comes before an applied one, and names it", async () => {
  await migrate(client, { "002_b.sql": "create table b ()" });
  const files = { "001_a.sql": "create table a ()", "002_b.sql": "create table b ()" };
  await expect(migrate(client, files, { strict: true })).rejects.toMatchObject({
    code: "Y3036",
    message: expect.stringContaining("001_a.sql"),
  });
  expect(outcomes(await migrate(client, files))).toEqual(["applied 001_a.sql"]);
});

describe("a lock timeout", () => {
  const files = { "001.sql": "create table mine (); alter table users add column a int" };
  let reader: pg.Client;
  beforeEach(async () => {
    await client.query("create table users ()");
    reader = await server.connect({ database, applicationName: "reader" });
    await reader.query("begin; select from users");
  });

  it("ends the wait, rolls the file back, lets others pass and tries again until the lock is free", async () => {
    const running = migrate(client, files, { tableLock: { timeoutMs: 200, tries: 1000, pauseMs: 1 } });
    const other = await server.connect({ database });
    const waiting = "select exists (select from pg_locks where not granted and locktype = 'relation')";
    await waitUntil("the migration waits", async () => (await column(other, waiting))[0] === true);
    // Without the timeout it would wait behind the migration, for as long as the reader reads.
    await other.query("select from users");
    await reader.query("rollback");
    const result = await running;
    expect(outcomes(result)).toEqual(["applied 001.sql"]);
    expect(result.migrations[0]?.notes).toEqual([
      expect.stringMatching(/waited for a lock and was tried \d+ times/),
    ]);
  });

  it("gives up after its tries, says who may hold the lock, and leaves nothing", async () => {
    const result = await migrate(client, files, { tableLock: { timeoutMs: 20, tries: 2, pauseMs: 1 } });
    expect(result.migrations[0]).toMatchObject({
      outcome: "failed",
      error: { code: "55P03", detail: expect.stringMatching(/Tried 2 times.*application "reader"/) },
    });
    expect(await column(client, "select to_regclass('mine')")).toEqual([null]);
  });

  it("continues a file that runs without a transaction where it stopped", async () => {
    const result = await migrate(
      client,
      {
        "001.sql":
          "create table mine (); create index concurrently on mine ((1)); alter table users add a int",
      },
      { tableLock: { timeoutMs: 20, tries: 2, pauseMs: 1 } },
    );
    expect(result.migrations[0]?.notes).toEqual([expect.stringContaining("2 statements")]);
  });
});

describe("a baseline", () => {
  const files = {
    "001_users.sql":
      "create table users (id int primary key, email text); create index users_email on users (email);",
    "002_fill.sql": "insert into users values (1, 'x')",
    "003_posts.sql":
      "create type kind as enum ('a'); create table posts (id int, k kind); alter table users add note text;",
    "004_tags.sql": "create table tags (id int); alter table posts add tag int;",
  };
  const baseline = (texts: Record<string, string> = files, to?: string) =>
    migrate(client, texts, { baseline: true, to });

  it("recognises by the objects how far a database is, notes that and runs nothing", async () => {
    for (const name of ["001_users.sql", "003_posts.sql"] as const) await client.query(files[name]);
    const result = await baseline();
    expect(outcomes(result)).toEqual([
      "recorded 001_users.sql",
      "recorded 002_fill.sql",
      "recorded 003_posts.sql",
      "not_run 004_tags.sql",
    ]);
    expect(await column(client, "select count(*)::int from users")).toEqual([0]);
    expect(outcomes(await migrate(client, files))).toEqual(["applied 004_tags.sql"]);
  });

  it("sees what files take away or rename again", async () => {
    const texts = {
      "001.sql": "create table a (x int); create table b (); create view v as select x from a",
      "002.sql": "drop view v; alter table a rename to c; alter table c rename column x to y; drop table b",
      "003.sql": "alter table c add constraint positive check (y > 0)",
    };
    for (const sql of Object.values(texts)) await client.query(sql);
    expect(outcomes(await baseline(texts))).toEqual([
      "recorded 001.sql",
      "recorded 002.sql",
      "recorded 003.sql",
    ]);
  });

  it("does not note a file that is there in part, and says which part", async () => {
    await client.query(files["001_users.sql"]);
    await client.query("create table tags (id int); create table posts (id int)");
    const result = await baseline();
    expect(await appliedNames(client)).toEqual(["001_users.sql"]);
    expect(result.notes.join(" ")).toMatch(
      /003_posts\.sql is there in part: .*relation posts.*; not .*type kind/,
    );
  });

  it("notes nothing in an empty database", async () => {
    expect(outcomes(await baseline())).toEqual(Object.keys(files).map((name) => `not_run ${name}`));
    expect(await appliedNames(client)).toEqual([]);
  });

  it("with `to` notes every file up to it, whatever is there", async () => {
    expect(outcomes(await baseline(files, "002"))).toEqual([
      "recorded 001_users.sql",
      "recorded 002_fill.sql",
    ]);
  });
});

describe("another tool's ledger", () => {
  const texts = { "20240101_a.sql": "create table a ()", "20240102_b.sql": "create table b ()" };
  const [a, b] = filesOf(texts);
  const ledgers: [string, string][] = [
    [
      "Prisma",
      `create table _prisma_migrations (id text, checksum text, finished_at timestamptz, migration_name text,
         logs text, rolled_back_at timestamptz, started_at timestamptz default now(), applied_steps_count int);
       insert into _prisma_migrations (checksum, migration_name, finished_at, rolled_back_at)
         values ('${a!.checksum}', '20240101_a', '2024-01-01', null), ('x', '20240102_b', null, now())`,
    ],
    [
      "drizzle",
      `create schema drizzle; create table drizzle.__drizzle_migrations (id serial, hash text, created_at bigint);
       insert into drizzle.__drizzle_migrations (hash, created_at) values ('${a!.checksum}', 1704067200000)`,
    ],
    [
      "Knex",
      `create table knex_migrations (id serial, name text, batch int, migration_time timestamptz);
       insert into knex_migrations (name, batch, migration_time) values ('20240101_a.js', 1, '2024-01-01')`,
    ],
    [
      "Flyway",
      `create table flyway_schema_history (installed_rank int, version text, script text, installed_on timestamp, success bool);
       insert into flyway_schema_history values (1, '20240101', '20240101_a.sql', '2024-01-01', true), (2, '2', '20240102_b.sql', now(), false)`,
    ],
    [
      "node-pg-migrate",
      `create table pgmigrations (id serial, name text, run_on timestamp);
       insert into pgmigrations (name, run_on) values ('20240101_a', '2024-01-01')`,
    ],
  ];

  it.each(ledgers)("of %s is refused until a baseline took it over", async (tool, ledger) => {
    await client.query(ledger);
    await expect(migrate(client, texts)).rejects.toMatchObject({
      code: "Y3039",
      message: `${tool} has applied 1 of these migrations already.`,
      hint: expect.stringContaining("--baseline"),
    });
    const result = await migrate(client, texts, { baseline: true });
    expect(outcomes(result)).toEqual(["recorded 20240101_a.sql", "not_run 20240102_b.sql"]);
    expect(await column(client, "select applied_at::date::text from postern.schema_migrations")).toEqual([
      "2024-01-01",
    ]);
    expect(outcomes(await migrate(client, texts))).toEqual([`applied ${b!.name}`]);
  });

  it("that names a changed file and one that is gone is taken over, and that is said", async () => {
    await client.query(`create schema drizzle; create table drizzle.__drizzle_migrations (id serial, hash text, created_at bigint);
      insert into drizzle.__drizzle_migrations (hash, created_at) values ('other', 1), ('more', 2), ('gone', 3)`);
    const { notes } = await migrate(client, texts, { baseline: true });
    expect(notes).toEqual([
      "drizzle has applied 3 (drizzle.__drizzle_migrations), 2 of them are pending files here.",
      "Changed since drizzle applied it: 20240101_a.sql, 20240102_b.sql.",
      "Without a file: gone.",
    ]);
  });
});

it("a connection whose process id is made up is a pooler's, and refused", async () => {
  Object.assign(client, { processID: 1 });
  await expect(applyMigrations(client, [])).rejects.toMatchObject({ code: "Y3038" });
});
