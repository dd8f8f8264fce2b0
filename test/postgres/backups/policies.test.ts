/** What a database's backup policy decides: snapshots before its content is thrown away, and how long backups are kept. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { newOperationId } from "../../../src/base/id.ts";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { discardPolicySnapshot, takePolicySnapshot } from "../../../src/databases/take-policy-snapshot.ts";
import type { OperationHandler } from "../../../src/instances/operation-run.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { saveBackupPolicy } from "../../../src/state/backup-policies.ts";
import { listBackups } from "../../../src/state/backups.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { insertOperation } from "../../../src/state/operations.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
let platform: Platform;
beforeAll(async () => {
  fixture = await startPlatformFixture();
  platform = fixture.platform;
});
afterAll(() => fixture.close());

const dayMs = 86_400_000;
const wishes = { schedule: null, retention: null, snapshot_on_delete: null, snapshot_on_reset: null };
const backupsOf = (row: DatabaseRow) => listBackups(platform.state, { databaseId: row.id, limit: 10 });
const keptDays = (backup: { created_at: Date; expires_at: Date | null } | undefined): number =>
  Math.round((backup!.expires_at!.getTime() - backup!.created_at.getTime()) / dayMs);

/** An operation that throws a database's content away, as far as the snapshot is concerned. */
async function throwAway(row: DatabaseRow, work: OperationHandler["run"] = async () => null) {
  const handler: OperationHandler = {
    async run(_, run) {
      const snapshot = await takePolicySnapshot(platform, run, row, "reset");
      await work(platform, run);
      return { snapshot };
    },
    undo: (_, run) => discardPolicySnapshot(platform, run),
  };
  const kind = `test_${newOperationId()}`;
  const operation = await insertOperation(platform.state, {
    kind,
    databaseId: row.id,
    accountId: null,
    input: {},
  });
  return fixture.carryOut(operation, { [kind]: handler });
}

test("a reset takes no snapshot of a db.p1 unless its policy says so", async () => {
  const row = await fixture.createDatabase();
  expect((await throwAway(row)).result).toEqual({ snapshot: null });
  expect(await backupsOf(row)).toEqual([]);
  await saveBackupPolicy(platform.state, row.id, { ...wishes, snapshot_on_reset: true }, null);
  const { result } = await throwAway(row);
  const [backup] = await backupsOf(row);
  expect(backup).toMatchObject({ kind: "safety", status: "completed" });
  expect(result).toEqual({ snapshot: backup!.id });
  expect(keptDays(backup)).toBe(7);
});

test("a reset takes one snapshot of a db.p2, however often it is begun again, and keeps it for the policy's time", async () => {
  const row = { ...(await fixture.createDatabase()), class: "db.p2" as const };
  await saveBackupPolicy(platform.state, row.id, { ...wishes, retention: "12d" }, null);
  let attempts = 0;
  const end = await throwAway(row, async () => {
    attempts += 1;
    if (attempts < 3) throw Object.assign(new Error("the server restarts"), { code: "57P01" });
  });
  expect(end.status).toBe("completed");
  const found = await backupsOf(row);
  expect(found.map(({ id }) => id)).toEqual([(end.result as { snapshot: string }).snapshot]);
  expect(keptDays(found[0])).toBe(12);
});

test("a snapshot that is whole stays when the reset behind it fails", async () => {
  const row = { ...(await fixture.createDatabase()), class: "db.p3" as const };
  const end = await throwAway(row, async () => {
    throw new Error("no");
  });
  expect(end.status).toBe("failed");
  expect(await backupsOf(row)).toMatchObject([{ kind: "safety", status: "completed" }]);
});

test.each([
  [null, 7],
  [true, 20],
  [false, 7],
])("with snapshot_on_delete %s the last backup is kept for %i days", async (snapshotOnDelete, days) => {
  const row = await fixture.createDatabase();
  const policy = { ...wishes, retention: "20d", snapshot_on_delete: snapshotOnDelete };
  await saveBackupPolicy(platform.state, row.id, policy, null);
  await fixture.carryOut(
    await requestDestroyDatabase(platform, row.account_id, row, { skipSnapshot: false }),
  );
  const [last] = await backupsOf(row);
  expect(last).toMatchObject({ kind: "final", status: "completed" });
  expect(keptDays(last)).toBe(days);
});
