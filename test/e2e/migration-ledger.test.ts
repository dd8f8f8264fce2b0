/** The record of what is applied, which the owner of a database can read and cannot falsify. */
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMigratedDatabase, type MigratedDatabase } from "../support/migrated-database.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { withSession } from "../support/session.ts";

let postern: PosternHome;
let database: MigratedDatabase;
let count = 0;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
});
afterAll(() => postern.close());
beforeEach(async () => {
  count += 1;
  database = await createMigratedDatabase(postern, `app-${count}`);
});

describe("the ledger", () => {
  it.each([
    "drop table postern.schema_migrations",
    "drop schema postern cascade",
    "alter table postern.schema_migrations add column x int",
    "alter table postern.schema_migrations owner to current_user",
    "alter schema postern rename to mine",
    "delete from postern.schema_migrations",
    "update postern.schema_migrations set checksum = ''",
    "insert into postern.schema_migrations (name, checksum, duration_ms) values ('x', 'y', 0)",
    "truncate postern.schema_migrations",
    "create table postern.mine (a int)",
    "create trigger t before insert on postern.schema_migrations for each row execute function suppress_redundant_updates_trigger()",
    "drop function postern.forget_progress(text)",
  ])("stands against its owner's: %s", async (sql) => {
    await database.applied({ "001_a.sql": "create table a (x int)" });
    await expect(database.query(sql)).rejects.toMatchObject({ code: "42501" });
    expect(await database.migrate({ "001_a.sql": "create table a (x int)", "002_b.sql": sql })).toMatchObject(
      {
        result: { migrations: [{ error: { code: "42501" } }] },
      },
    );
    expect(await database.ledger()).toEqual(["001_a.sql"]);
  });

  it("cannot be opened to others by its owner", async () => {
    const granted =
      "select relacl::text from pg_class where relnamespace = 'postern'::regnamespace order by 1";
    const before = await database.query(granted);
    // Without the right to grant this is a warning to Postgres, and grants nothing.
    await database.query("grant all on postern.schema_migrations to public");
    expect(await database.query(granted)).toEqual(before);
  });

  it("takes over what _ccp_migrations says is applied", async () => {
    await withSession(database.urls.direct, (client) =>
      client.query(`create table users (id int);
        create table _ccp_migrations (id serial, name text unique, applied_at timestamptz default now());
        insert into _ccp_migrations (name) values ('001_users.sql')`),
    );
    const files = { "001_users.sql": "create table users (id int)", "002_b.sql": "create table b (x int)" };
    const result = await database.applied(files);
    expect(result).toMatchObject({ total: 2, already_applied: 1, applied: 1 });
    expect(result.notes).toEqual([expect.stringContaining("_ccp_migrations")]);
    expect(await database.ledger()).toEqual(Object.keys(files));
    expect(await database.applied(files)).toMatchObject({ already_applied: 2, notes: [] });
  });

  it("of a database that an earlier version made gets what it lacks", async () => {
    const files = { "001_a.sql": "create table a (x int)" };
    await database.applied(files);
    await asAdmin("drop function postern.accept_checksum(text, text), postern.forget_migration(text)");
    expect(await database.applied({ ...files, "002_b.sql": "create table b (x int)" })).toMatchObject({
      applied: 1,
    });
    expect(await database.query("select postern.accept_checksum('none', 'x') as done")).toEqual([
      { done: false },
    ]);
    expect(await database.ledger()).toEqual(["001_a.sql", "002_b.sql"]);
  });
});

/** In the test's database, as the superuser that only Postern is. */
async function asAdmin(sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({
    host: `${postern.home}/run/shared`,
    port: 5432,
    user: "postern_admin",
    database: new URL(database.urls.direct).pathname.slice(1),
  });
  await client.connect();
  return client.query(sql).finally(() => client.end());
}
