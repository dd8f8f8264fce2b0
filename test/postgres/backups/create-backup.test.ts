/** Making, keeping and deleting backups. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expireBackups } from "../../../src/backups/expire-backups.ts";
import { openBackupDownload } from "../../../src/backups/open-backup-download.ts";
import { sweepBackups } from "../../../src/backups/sweep-backups.ts";
import { newBackupId } from "../../../src/base/id.ts";
import { requestBackup } from "../../../src/databases/create-backup.ts";
import { requestDeleteBackup } from "../../../src/databases/delete-backup.ts";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { requestRestore } from "../../../src/databases/restore-database.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { findBackup, insertBackup, listBackups } from "../../../src/state/backups.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../../../src/state/databases.ts";
import { readAll } from "../../conformance/backup-storage.ts";
import { backupSteps } from "../../support/backup-steps.ts";
import { findProgram } from "../../support/find-program.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { mountSmallDisk } from "../../support/small-disk.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: PlatformFixture;
let platform: Platform;
beforeAll(async () => {
  fixture = await startPlatformFixture();
  platform = fixture.platform;
});
afterAll(() => fixture.close());

const { sql, backUp, restore } = backupSteps(() => fixture);
const dayMs = 86_400_000;

async function createFilled(): Promise<DatabaseRow> {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select g, md5(g::text) as x from generate_series(1, 20000) g");
  return row;
}

async function filesOf(row: DatabaseRow, directory = platform.config.backupDirectory): Promise<string[]> {
  return (await readdir(join(directory, row.id)).catch(() => [])).sort();
}

describe("a backup", () => {
  test("is noted with the size and checksum of its file, which only the daemon can read", async () => {
    const row = await createFilled();
    const backup = await backUp(row);
    const file = join(platform.config.backupDirectory, backup.storage_key);
    const bytes = await readFile(file);
    expect(backup).toMatchObject({
      kind: "manual",
      status: "completed",
      size_bytes: String(bytes.length),
      checksum: createHash("sha256").update(bytes).digest("hex"),
      version: platform.toolchain.postgresVersion,
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ["db.p1", undefined, 7],
    ["db.p2", undefined, 30],
    ["db.p3", undefined, 90],
    ["db.p1", "48h", 2],
  ] as const)("of a %s with retention %s is kept for %i days", async (databaseClass, retention, days) => {
    const row = { ...(await fixture.createDatabase()), class: databaseClass };
    const { input } = await requestBackup(platform, null, row, retention === undefined ? {} : { retention });
    const leftDays = (Date.parse(String(input.expires_at)) - Date.now()) / dayMs;
    expect(leftDays).toBeGreaterThan(days - 0.01);
    expect(leftDays).toBeLessThanOrEqual(days);
  });

  test("is consistent while clients write, and does not keep them from it", async () => {
    const row = await fixture.createDatabase();
    await sql(row, "create table pair (a int, b int); insert into pair values (0, 0)");
    await sql(row, "create table pad as select repeat(md5(g::text), 30) from generate_series(1, 20000) g");
    let over = false;
    let written = 0;
    const client = await fixture.connect(row);
    const writing = (async () => {
      for (; !over; written += 1) await client.query("update pair set a = a + 1, b = b + 1");
    })();
    const backup = await backUp(row);
    over = true;
    await writing;
    await client.end();
    expect(written).toBeGreaterThan(1);
    await restore(row, backup);
    expect(await sql(row, "select count(*)::int from pair where a = b")).toEqual([1]);
  });

  test("is refused with Y3004 while the database is not ready", async () => {
    const row = await fixture.createDatabase();
    await updateDatabase(platform.state, row.id, { status: "restoring" });
    const busy = (await findDatabaseById(platform.state, row.id))!;
    await expect(requestBackup(platform, null, busy, {})).rejects.toMatchObject({ code: "Y3004" });
  });
});

describe("a backup that fails", () => {
  test("because pg_dump is killed is a failed one without a file", async () => {
    const row = await createFilled();
    const blocker = await fixture.connect(row);
    await blocker.query("begin; lock table t in access exclusive mode");
    const operation = await requestBackup(platform, null, row, {});
    const end = fixture.carryOut(operation);
    const admin = await fixture.connectAdmin(row);
    await waitUntil("pg_dump waits for the table", async () => {
      const { rowCount } = await admin.query(
        "select from pg_stat_activity where usename = 'postern_backup' and wait_event_type = 'Lock'",
      );
      return rowCount === 1;
    });
    process.kill(await findProgram("pg_dump", platform.config.home), "SIGKILL");
    const error = { code: "Y6002", detail: "pg_dump was ended by SIGKILL." };
    expect(await end).toMatchObject({ status: "failed", error });
    await blocker.end();
    await admin.end();
    const [backup] = await listBackups(platform.state, { databaseId: row.id, limit: 1 });
    expect(backup).toMatchObject({ status: "failed", error, size_bytes: null });
    expect(await filesOf(row)).toEqual([]);
    await expect(
      requestRestore(platform, null, row, backup!, { backup_id: backup!.id }),
    ).rejects.toMatchObject({ code: "Y6006" });
    await expect(openBackupDownload(platform, backup!)).rejects.toMatchObject({ code: "Y6006" });
  });

  test("because the disk is full says so and where, leaves nothing, and the next one with room is made", async ({
    skip,
  }) => {
    const disk = await mountSmallDisk("128k");
    if (typeof disk === "string") return skip(disk);
    const elsewhere = platform.config.backupDirectory;
    try {
      platform.config.backupDirectory = disk.directory;
      const row = await createFilled();
      const end = await fixture.carryOut(await requestBackup(platform, null, row, {}));
      expect(end).toMatchObject({
        status: "failed",
        error: { code: "Y6005", detail: expect.stringContaining(disk.directory) },
      });
      expect(await filesOf(row, disk.directory)).toEqual([]);
      await sql(row, "delete from t where g > 100");
      expect((await backUp(row)).status).toBe("completed");
    } finally {
      platform.config.backupDirectory = elsewhere;
      await disk.remove();
    }
  });

  test("as the safety backup keeps the restore from beginning, and its row says why", async ({ skip }) => {
    const disk = await mountSmallDisk("256k");
    if (typeof disk === "string") return skip(disk);
    const elsewhere = platform.config.backupDirectory;
    try {
      platform.config.backupDirectory = disk.directory;
      const row = await fixture.createDatabase();
      const small = await backUp(row);
      await sql(row, "create table t as select g, md5(g::text) as x from generate_series(1, 40000) g");
      expect((await restore(row, small)).error).toMatchObject({ code: "Y6005" });
      expect(await sql(row, "select count(*)::int from t")).toEqual([40_000]);
      const [safety] = await listBackups(platform.state, { databaseId: row.id, limit: 1 });
      expect(safety).toMatchObject({ kind: "safety", status: "failed", error: { code: "Y6005" } });
      expect(await filesOf(row, disk.directory)).toEqual([`${small.id}.dump`]);
    } finally {
      platform.config.backupDirectory = elsewhere;
      await disk.remove();
    }
  });

  test("as the last one of a database that is being destroyed keeps the database", async () => {
    const row = await createFilled();
    const file = platform.config.backupDirectory;
    platform.config.backupDirectory = join(file, "not-a-folder");
    try {
      await writeFile(platform.config.backupDirectory, "");
      const account = row.account_id;
      const operation = await requestDestroyDatabase(platform, account, row, { skipSnapshot: false });
      expect((await fixture.carryOut(operation)).status).toBe("failed");
    } finally {
      platform.config.backupDirectory = file;
    }
    expect(await sql(row, "select count(*)::int from t")).toEqual([20_000]);
    const [last] = await listBackups(platform.state, { databaseId: row.id, limit: 1 });
    expect(last).toMatchObject({ kind: "final", status: "failed" });
  });
});

describe("a download", () => {
  test("is the file, byte for byte", async () => {
    const backup = await backUp(await createFilled());
    const { stream, sizeBytes, checksum, fileName } = await openBackupDownload(platform, backup);
    const bytes = await readAll(stream);
    expect(bytes.length).toBe(sizeBytes);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(checksum);
    expect(fileName).toBe(`${backup.database_name}-${backup.id}.dump`);
  });

  test("of a file that was cut short is refused with Y6003", async () => {
    const backup = await backUp(await createFilled());
    await truncate(join(platform.config.backupDirectory, backup.storage_key), 1000);
    await expect(openBackupDownload(platform, backup)).rejects.toMatchObject({ code: "Y6003" });
  });
});

describe("deleting", () => {
  test("takes the file and the row; a second time there is nothing to do", async () => {
    const row = await createFilled();
    const backup = await backUp(row);
    const operations = [
      await requestDeleteBackup(platform, null, backup),
      await requestDeleteBackup(platform, null, backup),
    ];
    for (const operation of operations) {
      expect(await fixture.carryOut(operation)).toMatchObject({
        status: "completed",
        result: { id: backup.id },
      });
    }
    expect(await filesOf(row)).toEqual([]);
    expect(await findBackup(platform.state, backup.id)).toBeUndefined();
  });

  test("what has expired goes on when one cannot be deleted, and leaves what has not", async () => {
    const row = await createFilled();
    const [first, stuck, kept] = [await backUp(row), await backUp(row), await backUp(row)];
    for (const backup of [first, stuck])
      await platform.state.query(
        "update backups set expires_at = now() - interval '1 second' where id = $1",
        [backup.id],
      );
    // A folder in the place of a file cannot be deleted as one.
    const key = `${row.id}/folder`;
    await mkdir(join(platform.config.backupDirectory, key));
    await platform.state.query("update backups set storage_key = $2, expires_at = 'epoch' where id = $1", [
      stuck.id,
      key,
    ]);
    await expireBackups(platform);
    const left = (await listBackups(platform.state, { databaseId: row.id, limit: 9 })).map(({ id }) => id);
    expect(left.sort()).toEqual([stuck.id, kept.id].sort());
    expect(fixture.observations).toContainEqual(
      expect.objectContaining({ task: `expire ${stuck.id}`, event: "failed" }),
    );
  });
});

test("a start sweeps what a killed daemon left, but not what an operation goes on with", async () => {
  const row = await createFilled();
  const whole = await backUp(row);
  const folder = join(platform.config.backupDirectory, row.id);
  const operation = await requestBackup(platform, null, row, {});
  const abandoned = newBackupId();
  for (const id of [abandoned, operation.input.backup_id as typeof abandoned]) {
    await insertBackup(platform.state, {
      id,
      database_id: row.id,
      kind: "manual",
      storage_key: `${row.id}/${id}.dump`,
      store: null,
      key_id: null,
      version: "17",
      created_at: new Date(),
      expires_at: null,
    });
    await writeFile(join(folder, `${id}.dump`), "not looked at yet");
  }
  await writeFile(join(folder, `${whole.id}.dump.part-0123abcd`), "half");
  const list = join(platform.config.home, "run", ".restore-abc123");
  await mkdir(list);
  await sweepBackups(platform);
  expect(await filesOf(row)).toEqual([`${whole.id}.dump`, `${operation.input.backup_id}.dump`].sort());
  expect(await readdir(join(platform.config.home, "run"))).not.toContain(".restore-abc123");
  expect(await findBackup(platform.state, abandoned)).toMatchObject({
    status: "failed",
    error: { code: "Y6002" },
  });
  expect(await fixture.carryOut(operation)).toMatchObject({ status: "completed" });
});
