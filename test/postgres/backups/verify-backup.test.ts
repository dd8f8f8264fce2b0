/** Trial restores: a good backup is found good, a bad one bad, and nothing of them stays or is in anyone's way. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestBackup } from "../../../src/databases/create-backup.ts";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { requestVerification } from "../../../src/databases/verify-backup.ts";
import { createPhysicalDatabase } from "../../../src/instances/physical-database.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { scheduleVerification } from "../../../src/maintenance/schedule-backups.ts";
import { sweepScratch } from "../../../src/maintenance/sweep-scratch.ts";
import { type BackupRow, listBackups } from "../../../src/state/backups.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import type { OperationRow } from "../../../src/state/operations.ts";
import { backupSteps, richDatabase } from "../../support/backup-steps.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { listServerDatabases, listServerRoles } from "../../support/server-facts.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: PlatformFixture;
let platform: Platform;
beforeAll(async () => {
  fixture = await startPlatformFixture();
  platform = fixture.platform;
});
afterAll(() => fixture.close());

const { sql, backUp, findBackup, databasesOf } = backupSteps(() => fixture);

const verify = async (backup: BackupRow): Promise<OperationRow> =>
  fixture.carryOut(await requestVerification(platform, null, backup));

async function createFilled(): Promise<DatabaseRow> {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select g, md5(g::text) as x from generate_series(1, 3000) g");
  await sql(
    row,
    'create schema "Other"; create table "Other"."two words" (a int); insert into "Other"."two words" values (1)',
  );
  return row;
}

test("a good backup is verified, with its tables and rows, and nothing of the trial stays", async () => {
  const row = await createFilled();
  const backup = await backUp(row);
  await sql(row, "insert into t values (0, 'written after the backup')");
  expect(await verify(backup)).toMatchObject({ status: "completed", result: { status: "verified" } });
  const after = await findBackup(backup.id);
  expect(after.verification).toMatchObject({ status: "verified", rows: 3001, error: null });
  expect(after.contents!.tables).toContainEqual({ name: '"Other"."two words"', rows: 1 });
  expect(after.verified_at).toBeInstanceOf(Date);
  expect(await databasesOf(row)).toEqual([row.database_name]);
});

test("one of nearly everything that an owner can make is verified", async () => {
  const row = await fixture.createDatabase();
  await sql(row, await richDatabase());
  expect((await verify(await backUp(row))).error).toBeNull();
});

test("counts are those of the moment of the dump, however much is written meanwhile", async () => {
  const row = await createFilled();
  const client = await fixture.connect(row);
  let over = false;
  const writing = (async () => {
    while (!over) await client.query("insert into t select g, 'x' from generate_series(1, 10) g");
  })();
  const backup = await backUp(row);
  over = true;
  await writing;
  await client.end();
  expect((await verify(backup)).error).toBeNull();
});

test("a backup that lacks rows is found out, and says what is missing", async () => {
  const row = await createFilled();
  const backup = await backUp(row);
  await platform.state.query(
    `update backups set contents = jsonb_set(contents, '{tables}', '[{"name":"public.t","rows":2999},{"name":"public.gone","rows":1}]') where id = $1`,
    [backup.id],
  );
  const end = await verify(backup);
  expect(end).toMatchObject({ status: "failed", error: { code: "Y6015" } });
  expect(end.error!.detail).toBe("public.t has 3000 rows and not 2999; public.gone is missing.");
  expect((await findBackup(backup.id)).verification).toMatchObject({
    status: "failed",
    error: { code: "Y6015" },
  });
  expect(await databasesOf(row)).toEqual([row.database_name]);
});

test("a file that was altered is a failed verification with Y6003", async () => {
  const row = await createFilled();
  const backup = await backUp(row);
  const file = join(platform.config.backupDirectory, backup.storage_key);
  const bytes = await readFile(file);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  await writeFile(file, bytes);
  expect((await verify(backup)).error).toMatchObject({ code: "Y6003" });
  expect((await findBackup(backup.id)).verification).toMatchObject({
    status: "failed",
    error: { code: "Y6003" },
  });
});

test("the last backup of a destroyed database is verified without bringing it or its owner back", async () => {
  const row = await createFilled();
  const { account_id: account } = row;
  await fixture.carryOut(await requestDestroyDatabase(platform, account, row, { skipSnapshot: false }));
  const [last] = await listBackups(platform.state, { databaseId: row.id, limit: 1 });
  expect((await verify(last!)).error).toBeNull();
  const { home } = platform.config;
  expect(
    (await listServerDatabases(home, "shared")).filter((name) => name.startsWith(row.database_name)),
  ).toEqual([]);
  expect(
    (await listServerRoles(home, "shared")).filter((name) => name.startsWith(row.database_name)),
  ).toEqual([]);
});

test("other work on the database goes first, and the trial is made later", async () => {
  const row = await createFilled();
  // Slow to restore: each row of the check takes a moment.
  await sql(
    row,
    "create function slow(int) returns boolean language sql as 'select pg_sleep(0.01) is not null'",
  );
  await sql(
    row,
    "create table s (a int check (slow(a))); alter table s disable trigger all; insert into s select g from generate_series(1, 400) g",
  );
  const backup = await backUp(row);
  await platform.state.query("update backups set kind = 'scheduled' where id = $1", [backup.id]);
  const [operation] = await scheduleVerification(platform);
  expect(await scheduleVerification(platform)).toEqual([]);
  const ending = fixture.carryOut(operation!);
  await waitUntil("the trial restore runs", async () => (await databasesOf(row)).length === 2);
  const other = await requestBackup(platform, null, row, {});
  expect(await ending).toMatchObject({ status: "completed", result: { status: "postponed" } });
  expect(await databasesOf(row)).toEqual([row.database_name]);
  expect(await scheduleVerification(platform)).toEqual([]);
  expect((await fixture.carryOut(other)).status).toBe("completed");
  const [again] = await scheduleVerification(platform);
  expect(again!.input.backup_id).toBe(backup.id);
  expect((await fixture.carryOut(again!)).result).toMatchObject({ status: "verified" });
  expect(await scheduleVerification(platform)).toEqual([]);
});

test("databases of trials that nobody works with are swept, those of work under way are not", async () => {
  const row = await createFilled();
  const operation = await requestVerification(platform, null, await backUp(row));
  const names = [operation.id, "op-0123456789ab"].map((id) => `${row.database_name}_verify_${id.slice(3)}`);
  for (const name of names) await createPhysicalDatabase(platform, row, name);
  await sweepScratch(platform);
  expect((await databasesOf(row)).sort()).toEqual([row.database_name, names[0]].sort());
  expect((await fixture.carryOut(operation)).error).toBeNull();
  expect(await databasesOf(row)).toEqual([row.database_name]);
});
