/** Backups that come by themselves: each due one once, few at a time, again after a failure, and gone after their time. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { expireBackups } from "../../../src/backups/expire-backups.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { requestBackup } from "../../../src/databases/create-backup.ts";
import { pauseDatabase } from "../../../src/databases/pause-database.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { wakeOnDemand } from "../../../src/instances/sleeping-instance.ts";
import { createExpiry } from "../../../src/maintenance/expire-databases.ts";
import { scheduleBackups, scheduleVerification } from "../../../src/maintenance/schedule-backups.ts";
import { SleepAgain } from "../../../src/maintenance/sleep-again.ts";
import { findBackupPolicy, saveBackupPolicy } from "../../../src/state/backup-policies.ts";
import { type BackupRow, listBackups } from "../../../src/state/backups.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../../../src/state/databases.ts";
import { findOperation } from "../../../src/state/operations.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let fixture: PlatformFixture;
let platform: Platform;
/** What the platform's clock shows. */
let now: number;

beforeAll(async () => {
  fixture = await startPlatformFixture();
  platform = fixture.platform;
  // Wakes whom somebody waits for.
  wakeOnDemand(platform);
});
afterAll(() => fixture.close());
beforeEach(() => {
  now = Date.now();
  platform.clock = { now: () => new Date(now) };
});
afterEach(async () => {
  platform.clock = systemClock;
  await platform.state.query("update databases set status = 'destroyed', destroyed_at = now()");
  await platform.state.query("update operations set status = 'canceled' where status = 'pending'");
});

const wishes = { schedule: null, retention: null, snapshot_on_delete: null, snapshot_on_reset: null };
const backupsOf = (row: DatabaseRow): Promise<BackupRow[]> =>
  listBackups(platform.state, { databaseId: row.id, limit: 100 });

/** What is due, and what follows from it, to its end. */
async function runDue(): Promise<number> {
  let count = 0;
  for (;;) {
    const begun = await scheduleBackups(platform);
    if (begun.length === 0) return count;
    count += begun.length;
    for (const operation of begun) await fixture.carryOut(operation);
  }
}

/** To midnight, when databases of class db.p1 are due. */
const passMidnight = (days = 1) => (now = (Math.floor(now / dayMs) + days) * dayMs);

test("a new database is backed up at its first midnight and at each that follows, once", async () => {
  const row = await fixture.createDatabase();
  expect(await runDue()).toBe(0);
  for (const expected of [1, 2, 3]) {
    passMidnight();
    expect(await runDue()).toBe(1);
    now += hourMs;
    expect(await runDue()).toBe(0);
    expect(await backupsOf(row)).toHaveLength(expected);
  }
  const [last] = await backupsOf(row);
  expect(last).toMatchObject({ kind: "scheduled", status: "completed" });
  expect(last!.expires_at!.getTime() - last!.created_at.getTime()).toBe(7 * dayMs);
});

test("missed runs are made up for by one backup", async () => {
  const row = await fixture.createDatabase();
  passMidnight(9);
  now += 5 * hourMs;
  expect(await runDue()).toBe(1);
  expect(await backupsOf(row)).toHaveLength(1);
});

test("a run that is taken by two at once is made once", async () => {
  const row = await fixture.createDatabase();
  passMidnight();
  const begun = (await Promise.all([1, 2, 3].map(() => scheduleBackups(platform)))).flat();
  expect(begun).toHaveLength(1);
  await fixture.carryOut(begun[0]!);
  expect(await backupsOf(row)).toHaveLength(1);
});

test("while a backup of the database is under way no other begins", async () => {
  const row = await fixture.createDatabase();
  const byHand = await requestBackup(platform, null, row, {});
  passMidnight();
  expect(await scheduleBackups(platform)).toEqual([]);
  await fixture.carryOut(byHand);
  expect(await runDue()).toBe(1);
  expect((await backupsOf(row)).map(({ kind }) => kind).sort()).toEqual(["manual", "scheduled"]);
});

test("of many databases two are backed up at a time, and all in the end", async () => {
  const rows = [];
  for (let count = 0; count < 5; count += 1) rows.push(await fixture.createDatabase());
  passMidnight();
  const first = await scheduleBackups(platform);
  expect(first).toHaveLength(2);
  expect(await scheduleBackups(platform)).toEqual([]);
  for (const operation of first) await fixture.carryOut(operation);
  expect(await runDue()).toBe(3);
  for (const row of rows) expect(await backupsOf(row)).toMatchObject([{ status: "completed" }]);
});

test("as many at a time as the setting says", async () => {
  const rows = [];
  for (let count = 0; count < 4; count += 1) rows.push(await fixture.createDatabase());
  passMidnight();
  platform.config.backupsAtOnce = 3;
  try {
    const first = await scheduleBackups(platform);
    expect(first).toHaveLength(3);
    await fixture.carryOut(first[0]!);
    // Where one has ended there is room for one.
    const more = await scheduleBackups(platform);
    expect(more).toHaveLength(1);
    for (const operation of [...first.slice(1), ...more]) await fixture.carryOut(operation);
    for (const row of rows) expect(await backupsOf(row)).toMatchObject([{ status: "completed" }]);
  } finally {
    platform.config.backupsAtOnce = 2;
  }
});

test("a database that is being restored is backed up when it is ready", async () => {
  const row = await fixture.createDatabase();
  await updateDatabase(platform.state, row.id, { status: "restoring" });
  passMidnight();
  expect(await runDue()).toBe(0);
  await updateDatabase(platform.state, row.id, { status: "ready" });
  expect(await runDue()).toBe(1);
});

test("a schedule of one's own counts from when it was set, and off is off", async () => {
  const row = await fixture.createDatabase();
  now = Math.ceil(now / hourMs) * hourMs + hourMs / 2;
  await saveBackupPolicy(platform.state, row.id, { ...wishes, schedule: "0 * * * *" }, new Date(now));
  expect(await runDue()).toBe(0);
  now += hourMs / 2;
  expect(await runDue()).toBe(1);
  await saveBackupPolicy(platform.state, row.id, { ...wishes, schedule: "off" }, new Date(now));
  passMidnight(3);
  expect(await runDue()).toBe(0);
});

test("a backup that fails is tried again, later each time, until it succeeds", async () => {
  const row = await fixture.createDatabase();
  const store = platform.config.backupDirectory;
  passMidnight();
  platform.config.backupDirectory = "/dev/null";
  try {
    for (const minutes of [5, 10, 20]) {
      expect(await runDue()).toBe(1);
      now += minutes * 60_000 - 1000;
      expect(await runDue()).toBe(0);
      now += 1000;
    }
  } finally {
    platform.config.backupDirectory = store;
  }
  expect((await findBackupPolicy(platform.state, row.id)).failures).toBe(3);
  expect(await runDue()).toBe(1);
  expect(await findBackupPolicy(platform.state, row.id)).toMatchObject({ failures: 0, retry_at: null });
  const found = (await backupsOf(row)).map(({ status }) => status);
  expect(found).toEqual(["completed", "failed", "failed", "failed"]);
  now += hourMs;
  expect(await runDue()).toBe(0);
});

test("a clock that jumps a year ahead and back makes one backup more, and the schedule goes on", async () => {
  const row = await fixture.createDatabase();
  passMidnight();
  expect(await runDue()).toBe(1);
  const real = now + hourMs;
  now = real + 365 * dayMs;
  expect(await runDue()).toBe(1);
  now = real;
  expect(await runDue()).toBe(0);
  passMidnight();
  expect(await runDue()).toBe(1);
  expect(await backupsOf(row)).toHaveLength(3);
});

test("expired backups go, but the last scheduled one of a living database stays", async () => {
  const row = await fixture.createDatabase();
  const ids: string[] = [];
  for (let day = 0; day < 3; day += 1) {
    passMidnight();
    await runDue();
    ids.push((await backupsOf(row))[0]!.id);
  }
  now += hourMs;
  const byHand = await fixture.carryOut(await requestBackup(platform, null, row, { retention: "1d" }));
  expect(byHand.status).toBe("completed");
  now += 100 * dayMs;
  await expireBackups(platform);
  expect((await backupsOf(row)).map(({ id }) => id)).toEqual([ids[2]]);
  await updateDatabase(platform.state, row.id, { status: "destroyed", destroyed_at: new Date(now) });
  await expireBackups(platform);
  expect(await backupsOf(row)).toEqual([]);
});

test("nothing expires in the hour in which the clock was set ahead", async () => {
  const row = await fixture.createDatabase();
  await fixture.carryOut(await requestBackup(platform, null, row, {}));
  const expire = createExpiry();
  await expire(platform);
  now += 365 * dayMs;
  await expect(expire(platform)).rejects.toThrow("the clock was set");
  expect(await backupsOf(row)).toHaveLength(1);
  await expire(platform);
  expect(await backupsOf(row)).toEqual([]);
});

test("a scheduled backup is its owner's operation", async () => {
  const row = await fixture.createDatabase();
  passMidnight();
  const [operation] = await scheduleBackups(platform);
  expect(await findOperation(platform.state, operation!.id)).toMatchObject({
    kind: "create_backup",
    account_id: row.account_id,
    database_id: row.id,
  });
});

test("a database that sleeps is woken for its backup and the proof of it, and sleeps again unless somebody came", async () => {
  const row = await fixture.createDatabase({ isolation: "process" });
  const sessions = { retireSessions: async () => {} };
  const sleepAgain = new SleepAgain(platform, sessions);
  const isPaused = async () => (await findDatabaseById(platform.state, row.id))!.paused_at !== null;
  const backUp = async () => {
    passMidnight();
    const [operation] = await scheduleBackups(platform);
    const end = await fixture.carryOut(operation!, undefined, sleepAgain);
    expect(end).toMatchObject({ status: "completed", error: null });
  };
  await pauseDatabase(platform, sessions, row, { patienceMs: 5_000 });
  await backUp();
  expect(await isPaused()).toBe(true);
  const [verification] = await scheduleVerification(platform);
  expect(await fixture.carryOut(verification!, undefined, sleepAgain)).toMatchObject({
    status: "completed",
    result: { status: "verified" },
  });
  expect(await isPaused()).toBe(true);
  const client = await fixture.connect(row);
  await client.query("begin");
  await client.query("select 1");
  await backUp();
  expect(await isPaused()).toBe(false);
  await client.query("commit");
  // Awake as it was, it stays awake.
  await backUp();
  expect(await isPaused()).toBe(false);
});
