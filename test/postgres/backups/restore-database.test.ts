/** Restoring: everything comes back, only a whole database is swapped in, and what is restored has its owner's rights only. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isBackupId } from "../../../src/base/id.ts";
import { requestBackup } from "../../../src/databases/create-backup.ts";
import { requestRestore } from "../../../src/databases/restore-database.ts";
import { type BackupRow, findBackup } from "../../../src/state/backups.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import type { OperationRow } from "../../../src/state/operations.ts";
import { describeContent } from "../../support/describe-content.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { listServerDatabases } from "../../support/server-facts.ts";

let fixture: PlatformFixture;
beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterAll(() => fixture.close());

const richSql = readFile(new URL("../../support/rich-database.sql", import.meta.url), "utf8");

async function sql(row: DatabaseRow, text: string): Promise<unknown[]> {
  const client = await fixture.connect(row);
  try {
    const result = await client.query({ text, rowMode: "array" });
    return Array.isArray(result) ? [] : result.rows.map((values) => values[0]);
  } finally {
    await client.end();
  }
}

async function createRich(): Promise<DatabaseRow> {
  const row = await fixture.createDatabase();
  await sql(row, await richSql);
  return row;
}

async function backUp(row: DatabaseRow): Promise<BackupRow> {
  const end = await fixture.carryOut(await requestBackup(fixture.platform, null, row, {}));
  expect(end).toMatchObject({ status: "completed", error: null });
  const id = (end.result as { id: string }).id;
  if (!isBackupId(id)) throw new Error(`${id} is no id of a backup`);
  return (await findBackup(fixture.platform.state, id))!;
}

async function restore(row: DatabaseRow, backup: BackupRow): Promise<OperationRow> {
  return fixture.carryOut(
    await requestRestore(fixture.platform, null, row, backup, { backup_id: backup.id }),
  );
}

const databasesOf = async (row: DatabaseRow): Promise<string[]> =>
  (await listServerDatabases(fixture.platform.config.home, "shared")).filter((name) =>
    name.startsWith(row.database_name),
  );

test("everything that an owner can make comes back as it was, and nothing that came after the backup", async () => {
  const row = await createRich();
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

test("the safety backup of a restore brings back what the restore replaced", async () => {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select 'old' as a");
  const backup = await backUp(row);
  await sql(row, "update t set a = 'new'");
  const { result } = await restore(row, backup);
  expect(await sql(row, "select a from t")).toEqual(["old"]);
  const safety = (await findBackup(
    fixture.platform.state,
    (result as { safety_backup_id: never }).safety_backup_id,
  ))!;
  expect(safety).toMatchObject({ kind: "safety", status: "completed" });
  expect((await restore(row, safety)).status).toBe("completed");
  expect(await sql(row, "select a from t")).toEqual(["new"]);
});
