/** Emptying databases: what goes, what stays, and what a failure or an end of the daemon leaves. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestReset } from "../../../src/databases/reset-database.ts";
import { findDatabaseById } from "../../../src/state/databases.ts";
import { findOperation } from "../../../src/state/operations.ts";
import { backupSteps } from "../../support/backup-steps.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterAll(() => fixture.close());

const { sql, databasesOf, findBackup, restore } = backupSteps(() => fixture);
const files = [
  { name: "001_users.sql", sql: "create table users (id int primary key)" },
  { name: "002_seed.sql", sql: "insert into users values (1), (2)" },
];
const tables = `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`;

async function reset(row: Parameters<typeof sql>[0], input: Parameters<typeof requestReset>[3]) {
  return fixture.carryOut(await requestReset(fixture.platform, null, row, input));
}

test("a wipe leaves a database as new, with its owner, its limits and its role settings", async () => {
  const row = await fixture.createDatabase();
  const fresh = await fixture.createDatabase();
  await sql(
    row,
    `create table a (id int); create schema other; create table other.b (id int); select lo_create(0);
     select postern.record_migration('001_first.sql', 'sum', 1, false)`,
  );
  await sql(row, `alter role current_user in database "${row.database_name}" set work_mem = '12MB'`);
  expect(await reset(row, {})).toMatchObject({
    kind: "wipe_database",
    status: "completed",
    error: null,
    result: { database_id: row.id, snapshot_id: null, migrations: null },
  });
  expect(await sql(row, tables)).toEqual([]);
  expect(await sql(row, "select nspname from pg_namespace order by 1")).toEqual(
    await sql(fresh, "select nspname from pg_namespace order by 1"),
  );
  expect(await sql(row, "select count(*)::int from pg_largeobject_metadata")).toEqual([0]);
  expect(await sql(row, "select count(*)::int from postern.schema_migrations")).toEqual([0]);
  expect(await sql(row, "show work_mem")).toEqual(["12MB"]);
  expect(await sql(row, "show statement_timeout")).toEqual(["10min"]);
  await sql(row, "create table again (id int)");
  expect(await databasesOf(row)).toEqual([row.database_name]);
});

test("a reset applies all migrations to an empty database, whatever was applied before", async () => {
  const row = await fixture.createDatabase();
  for (const extra of ["create table drift (id int)", "insert into users values (3)"]) {
    if ((await sql(row, "select to_regclass('users')"))[0] !== null) await sql(row, extra);
    const end = await reset(row, { files });
    expect(end).toMatchObject({ kind: "reset_database", status: "completed", error: null });
    expect(end.result).toMatchObject({ migrations: { applied: 2, already_applied: 0 } });
    expect(await sql(row, tables)).toEqual(["users"]);
    expect(await sql(row, "select id from users order by 1")).toEqual([1, 2]);
    expect(await sql(row, "select name from postern.schema_migrations order by 1")).toEqual([
      "001_users.sql",
      "002_seed.sql",
    ]);
  }
});

test("a migration that fails leaves the old data in place and in use, and tells where it failed", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table kept as select 1 as a");
  const session = await fixture.connect(row);
  const end = await reset(row, { files: [...files, { name: "003_wrong.sql", sql: "select wrong" }] });
  expect(end).toMatchObject({
    status: "failed",
    error: { code: "Y5002", message: "Migration 003_wrong.sql failed." },
    result: { applied: 2 },
  });
  // The session has gone on all the time.
  expect((await session.query("select a from kept")).rows).toEqual([{ a: 1 }]);
  await session.end();
  expect(await sql(row, tables)).toEqual(["kept"]);
  expect(await databasesOf(row)).toEqual([row.database_name]);
  expect((await findDatabaseById(fixture.platform.state, row.id))!.status).toBe("ready");
});

test("an owner who holds every connection is reset all the same, and its sessions end", async () => {
  const row = await fixture.createDatabase();
  const sessions = await Promise.all(
    Array.from({ length: row.connection_limit }, () => fixture.connect(row)),
  );
  const ended = Promise.all(sessions.map((client) => new Promise((done) => client.once("end", done))));
  expect((await reset(row, { files })).error).toBeNull();
  await ended;
  const admin = await fixture.connectAdmin(row);
  const { rows } = await admin.query("select rolconnlimit from pg_roles where rolname = $1", [row.role_name]);
  await admin.end();
  expect(rows).toEqual([{ rolconnlimit: row.connection_limit }]);
});

test("what a database of db.p2 held is kept as a snapshot unless that is declined, and can be restored", async () => {
  const row = await fixture.createDatabase({ class: "db.p2" });
  await sql(row, "create table precious as select 42 as a");
  const { error, result } = await reset(row, { files });
  expect(error).toBeNull();
  const { snapshot_id: id } = result as { snapshot_id: string };
  const backup = await findBackup(id);
  expect(backup).toMatchObject({ status: "completed", database_id: row.id });
  expect(await sql(row, tables)).toEqual(["users"]);
  expect((await restore(row, backup, { skip_safety_snapshot: true })).error).toBeNull();
  expect(await sql(row, "select a from precious")).toEqual([42]);
  expect((await reset(row, { skip_snapshot: true })).result).toMatchObject({ snapshot_id: null });
});

test("a database that is not ready is not reset", async () => {
  const row = await fixture.createDatabase();
  await expect(
    requestReset(fixture.platform, null, { ...row, status: "restoring" }, {}),
  ).rejects.toMatchObject({ code: "Y3004" });
  await expect(
    requestReset(fixture.platform, null, row, { files: [{ name: "../up.sql", sql: "" }] }),
  ).rejects.toMatchObject({ code: "Y5004" });
});

test("two resets at once are done one after the other", async () => {
  const row = await fixture.createDatabase();
  const first = await requestReset(fixture.platform, null, row, { files });
  const second = await requestReset(fixture.platform, null, row, { files: files.slice(0, 1) });
  await fixture.carryOut(first);
  await fixture.carryOut(second);
  for (const { id } of [first, second])
    expect((await findOperation(fixture.platform.state, id))!.error).toBeNull();
  expect(await sql(row, "select count(*)::int from users")).toEqual([0]);
  expect(await databasesOf(row)).toEqual([row.database_name]);
});
