/** Restoring: what comes back, and what goes on beside it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { settleReplaced } from "../../../src/maintenance/settle-replaced.ts";
import { listReplaced } from "../../../src/state/replaced-databases.ts";
import { backupSteps, richDatabase } from "../../support/backup-steps.ts";
import { describeContent } from "../../support/describe-content.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { listServerDatabases, listServerRoles } from "../../support/server-facts.ts";

let fixture: PlatformFixture;
beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterAll(() => fixture.close());

const { sql, backUp, restore, findBackup, databasesOf } = backupSteps(() => fixture);

test("everything that an owner can make comes back as it was, and nothing that came after the backup", async () => {
  const row = await fixture.createDatabase();
  await sql(row, await richDatabase());
  const before = await describeContent(fixture.platform, row);
  const backup = await backUp(row);
  await sql(
    row,
    `drop table orders cascade; delete from cats; grant usage on schema public to anon;
     drop function open_to_all(); select lo_unlink(4711); create table later_made (a int)`,
  );
  expect(await restore(row, backup)).toMatchObject({ status: "completed", result: { skipped_grants: [] } });
  expect(await describeContent(fixture.platform, row)).toBe(before);
  expect(await databasesOf(row)).toEqual([row.database_name]);
});

test("what a restore replaced is dropped behind it, and the planner's statistics are full then", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select g as a from generate_series(1, 5000) g");
  const backup = await backUp(row);
  expect((await restore(row, backup)).status).toBe("completed");
  const { home } = fixture.platform.config;
  const listOwn = async () =>
    (await listServerDatabases(home, "shared")).filter((name) => name.startsWith(row.database_name));
  const bounds = () =>
    sql(row, "select cardinality(histogram_bounds::text::int[]) from pg_stats where tablename = 't'");
  expect(await listOwn()).toEqual([row.database_name, expect.stringMatching(/_old_[0-9a-f]{12}$/)]);
  expect(await bounds()).toEqual([11]);
  await settleReplaced(fixture.platform);
  expect(await listOwn()).toEqual([row.database_name]);
  expect(await bounds()).toEqual([101]);
  expect(await listReplaced(fixture.platform.state)).toEqual([]);
});

test("a database is destroyed with what a restore replaced a moment ago", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table t (a int)");
  expect((await restore(row, await backUp(row))).status).toBe("completed");
  const end = await fixture.carryOut(
    await requestDestroyDatabase(fixture.platform, row.account_id, row, { skipSnapshot: true }),
  );
  expect(end.error).toBeNull();
  const { home } = fixture.platform.config;
  const left = [
    ...(await listServerDatabases(home, "shared")),
    ...(await listServerRoles(home, "shared")),
  ].filter((name) => name.startsWith(row.database_name));
  expect(left).toEqual([]);
  await settleReplaced(fixture.platform);
  expect(await listReplaced(fixture.platform.state)).toEqual([]);
});

test("a database that was never used is backed up and restored", async () => {
  const row = await fixture.createDatabase();
  const before = await describeContent(fixture.platform, row);
  const backup = await backUp(row);
  expect((await restore(row, backup)).status).toBe("completed");
  expect(await describeContent(fixture.platform, row)).toBe(before);
});

test("another database on a server of its own takes a backup over, with what its owner may do", async () => {
  const source = await fixture.createDatabase({ user: "shop_owner" });
  await sql(source, await richDatabase());
  const content = await describeContent(fixture.platform, source);
  const backup = await backUp(source);
  const target = await fixture.createDatabase({ isolation: "process" });
  await sql(target, "create table replaced (a int)");
  expect((await restore(target, backup)).error).toBeNull();
  expect(await describeContent(fixture.platform, target)).toBe(content);
  const owners = await sql(
    target,
    `select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = 'public'::regnamespace`,
  );
  expect(owners).toEqual([target.role_name]);
});

test("a grant to a role that is gone is left out and told of, the others hold", async () => {
  const row = await fixture.createDatabase();
  const admin = await fixture.connectAdmin(row);
  await admin.query("create role contractor");
  await sql(
    row,
    "create table t (a int); grant select on t to contractor; grant insert on t to authenticated",
  );
  const backup = await backUp(row);
  await sql(row, "revoke select on t from contractor");
  await admin.query("drop role contractor");
  await admin.end();
  // The safety backup knows nothing of the role any more; the restored one does.
  expect(await restore(row, backup)).toMatchObject({
    status: "completed",
    result: { skipped_grants: ["GRANT SELECT ON TABLE public.t TO contractor"] },
  });
  expect(await sql(row, "select has_table_privilege('authenticated', 't', 'insert')")).toEqual([true]);
});

test("the migration ledger comes back with the data", async () => {
  const row = await fixture.createDatabase();
  const record = (name: string) => sql(row, `select postern.record_migration('${name}', 'sum', 1, false)`);
  await record("001_first.sql");
  await sql(row, "select postern.record_progress('002_half.sql', 'sum', 3, true, '{1,2}')");
  const backup = await backUp(row);
  await record("003_later.sql");
  await restore(row, backup);
  expect(await sql(row, "select name from postern.schema_migrations")).toEqual(["001_first.sql"]);
  expect(await sql(row, "select known_indexes::text from postern.unfinished_migrations")).toEqual(["{1,2}"]);
  await expect(sql(row, "insert into postern.schema_migrations values ('x')")).rejects.toMatchObject({
    code: "42501",
  });
});

test("the safety backup brings back what a restore replaced", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select 'old' as a");
  const backup = await backUp(row);
  await sql(row, "update t set a = 'new'");
  const { result } = await restore(row, backup);
  expect(await sql(row, "select a from t")).toEqual(["old"]);
  const safety = await findBackup((result as { safety_backup_id: unknown }).safety_backup_id);
  expect(safety).toMatchObject({ kind: "safety", status: "completed" });
  expect((await restore(row, safety, { skip_safety_snapshot: true })).result).toMatchObject({
    safety_backup_id: null,
  });
  expect(await sql(row, "select a from t")).toEqual(["new"]);
});

test("settings of the owner in the database, and the platform's limits, outlive a restore", async () => {
  const row = await fixture.createDatabase();
  await sql(
    row,
    `create schema app; create table app.t (a int);
     alter role current_user in database ${row.database_name} set search_path = app, public;
     alter role current_user set default_transaction_read_only = on`,
  );
  await restore(row, await backUp(row));
  expect(await sql(row, "show search_path")).toEqual(["app, public"]);
  expect(await sql(row, "show temp_file_limit")).toEqual(["1GB"]);
  expect(await sql(row, "select relname from pg_class where relnamespace = 'app'::regnamespace")).toEqual([
    "t",
  ]);
});

test("clients of the pooler go on after the swap; sessions on the old data end", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select 1 as a");
  const backup = await backUp(row);
  const pooled = await fixture.connectPooled(row);
  const direct = await fixture.connect(row);
  await pooled.query("update t set a = 2");
  const ended = new Promise((resolve) => direct.once("error", resolve));
  const asking = (async () => {
    const answers: number[] = [];
    while (answers.at(-1) !== 1) answers.push((await pooled.query("select a from t")).rows[0].a);
    return answers;
  })();
  expect((await restore(row, backup)).status).toBe("completed");
  // Held during the swap, answered after it; never refused.
  expect(new Set(await asking)).toEqual(new Set([2, 1]));
  await ended;
  await pooled.end();
});

test("an application that holds all its connections does not keep its data from being restored", async () => {
  const row = await fixture.createDatabase();
  const backup = await backUp(row);
  const held = await Promise.all(Array.from({ length: row.connection_limit }, () => fixture.connect(row)));
  await expect(fixture.connect(row)).rejects.toMatchObject({ code: "53300" });
  expect((await restore(row, backup)).status).toBe("completed");
  await Promise.all(held.map((client) => client.end().catch(() => {})));
  const admin = await fixture.connectAdmin(row);
  const { rows } = await admin.query("select rolconnlimit from pg_roles where rolname = $1", [row.role_name]);
  expect(rows).toEqual([{ rolconnlimit: row.connection_limit }]);
  await admin.end();
});
