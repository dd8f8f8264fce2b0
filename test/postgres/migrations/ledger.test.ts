import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeMigrations, listApplied } from "../../../src/migrations/describe-migrations.ts";
import {
  appliedNames,
  column,
  createOwnedDatabase,
  filesOf,
  migrate,
} from "../../support/migration-fixture.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe("the ledger of the platform", () => {
  let client: pg.Client;
  beforeEach(async () => {
    const { database, owner } = await createOwnedDatabase(server);
    client = await server.connect({ database, user: owner });
  });

  it.each([
    "drop schema postern cascade",
    "drop table postern.schema_migrations",
    "alter table postern.schema_migrations add column x int",
    "alter schema postern rename to mine",
    "delete from postern.schema_migrations",
    "update postern.schema_migrations set checksum = 'x'",
    "insert into postern.schema_migrations values ('x', 'x', now(), 0, false)",
    "truncate postern.schema_migrations",
    "create table postern.mine ()",
    "create trigger x before insert on postern.schema_migrations for each row execute function suppress_redundant_updates_trigger()",
    "create or replace function postern.forget_progress(name text) returns void language sql as ''",
    "drop owned by current_user cascade; delete from postern.schema_migrations",
  ])("withstands its database's owner: %s", async (sql) => {
    await migrate(client, { "001.sql": "create table t ()" });
    const { migrations } = await migrate(client, { "001.sql": "create table t ()", "002.sql": sql });
    expect(migrations[0]).toMatchObject({ outcome: "failed", error: { code: "42501" } });
    expect(await appliedNames(client)).toEqual(["001.sql"]);
  });

  it("keeps a name once", async () => {
    await migrate(client, { "001.sql": "create table t ()" });
    await expect(
      client.query("select postern.record_migration('001.sql', 'x', 0, false)"),
    ).rejects.toMatchObject({
      code: "23505",
    });
  });

  it("is no way to the platform's rights for one who shadows operators and functions", async () => {
    const { rows } = await client.query<{ name: string }>(
      "select proname as name, proconfig from pg_proc where pronamespace = 'postern'::regnamespace and (not prosecdef or proconfig[1] <> 'search_path=pg_catalog, pg_temp')",
    );
    expect(rows).toEqual([]);
  });
});

describe("a Postgres without the platform", () => {
  it("gets a ledger of the connected role's at the first run", async () => {
    const client = await server.connect({ database: await server.createDatabase() });
    expect(await listApplied(client)).toEqual([]);
    expect(await describeMigrations(client, filesOf({ "001.sql": "select 1; vacuum" }))).toMatchObject([
      {
        name: "001.sql",
        state: "pending",
        plan: { statements: 2, no_transaction: true, statements_done: 0 },
        error: null,
      },
    ]);
    expect(await column(client, "select to_regnamespace('postern')")).toEqual([null]);
    expect((await migrate(client, { "001.sql": "create table t ()" })).applied).toBe(1);
    expect(await listApplied(client)).toMatchObject([
      { name: "001.sql", checksum: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(
      await describeMigrations(client, filesOf({ "001.sql": "create table t2 ()", "002.sql": "selec" })),
    ).toMatchObject([
      { name: "001.sql", state: "changed" },
      { name: "002.sql", state: "pending", plan: null, error: { code: "42601", line: 1 } },
    ]);
  });

  it("says what is missing when the role may not make one", async () => {
    const database = await server.createDatabase();
    const admin = await server.connect({ database });
    await admin.query(`create role nobody_${database} login`);
    const client = await server.connect({ database, user: `nobody_${database}` });
    await expect(migrate(client, { "001.sql": "select 1" })).rejects.toMatchObject({
      hint: expect.stringContaining("GRANT CREATE ON DATABASE"),
    });
  });
});

describe("a ledger of another tool", () => {
  let client: pg.Client;
  const files = {
    "001_a.sql": "create table a ()",
    "002_b.sql": "create table b ()",
    "003_c.sql": "create table c ()",
  };
  const checksums = Object.fromEntries(filesOf(files).map((file) => [file.name, file.checksum]));
  beforeEach(async () => {
    const { database, owner } = await createOwnedDatabase(server);
    client = await server.connect({ database, user: owner });
  });

  it("_ccp_migrations is taken over once, and said so", async () => {
    await client.query(`create table _ccp_migrations (id serial, name text, applied_at timestamptz);
      insert into _ccp_migrations (name, applied_at) values ('001_a.sql', '2025-01-02 03:04:05Z'), ('002_b', now())`);
    expect((await describeMigrations(client, filesOf(files))).map(({ state }) => state)).toEqual([
      "applied",
      "applied",
      "pending",
    ]);
    expect(await appliedNames(client)).toEqual([]);

    const result = await migrate(client, files);
    expect(result).toMatchObject({ already_applied: 2, applied: 1 });
    expect(result.notes).toEqual([
      "2 applied migrations taken over from public._ccp_migrations, with the checksums of the files as they are.",
    ]);
    expect((await listApplied(client))[0]).toMatchObject({
      name: "001_a.sql",
      checksum: checksums["001_a.sql"],
      applied_at: "2025-01-02T03:04:05.000Z",
    });
    await client.query("insert into _ccp_migrations (name) values ('004_d.sql')");
    expect(await migrate(client, files)).toMatchObject({ already_applied: 3, notes: [] });
  });

  it("schema_migrations with checksums of the same kind still shows a changed file", async () => {
    await client.query("create table schema_migrations (name text, checksum text, applied_at timestamptz)");
    const add = "insert into schema_migrations values ($1, $2, now())";
    await client.query(add, ["001_a.sql", checksums["001_a.sql"]]);
    await client.query(add, ["002_b.sql", "0".repeat(64)]);
    await expect(migrate(client, files)).rejects.toMatchObject({
      code: "Y5001",
      message: expect.stringContaining("002_b.sql"),
    });
  });

  it("schema_migrations with checksums of another kind takes the files as they are", async () => {
    await client.query(`create table schema_migrations (name text, checksum text, applied_at timestamptz);
      insert into schema_migrations values ('001_a.sql', 'md5-of-something', now())`);
    expect(await migrate(client, files)).toMatchObject({ already_applied: 1, applied: 2 });
  });

  it("schema_migrations of a kind that is not known is left alone", async () => {
    await client.query(
      "create table schema_migrations (version text); insert into schema_migrations values ('001_a.sql')",
    );
    expect(await migrate(client, files)).toMatchObject({ already_applied: 0, applied: 3, notes: [] });
  });
});

describe("extensions", () => {
  it("that a file calls are installed in its transaction, and said so", async () => {
    const { database, owner } = await createOwnedDatabase(server);
    const client = await server.connect({ database, user: owner });
    const files = {
      "001.sql": `create table users (id uuid primary key default uuid_generate_v4(), hash text);
        insert into users (hash) values (crypt('secret', gen_salt('bf', 4)));`,
    };
    const failing = await migrate(client, { "001.sql": `${files["001.sql"]} select 1/0;` });
    expect(failing.migrations[0]!.error).toMatchObject({ code: "22012" });
    const installed = "select extname from pg_extension where extname <> 'plpgsql' order by 1";
    expect(await column(client, installed)).toEqual([]);

    const { migrations } = await migrate(client, files);
    expect(migrations[0]!.notes).toEqual([
      "The extension uuid-ossp was installed, because 001.sql calls it.",
      "The extension pgcrypto was installed, because 001.sql calls it.",
    ]);
    expect(await column(client, installed)).toEqual(["pgcrypto", "uuid-ossp"]);
    expect(await column(client, "select hash = crypt('secret', hash) from users")).toEqual([true]);
  });
});
