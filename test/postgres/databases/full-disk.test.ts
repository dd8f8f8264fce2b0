/** A disk that fills up in the middle of a restore or of a move: the old data stays in use, and nothing half made is left. */
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requestScale } from "../../../src/databases/scale-database.ts";
import { type DatabaseRow, findDatabaseById } from "../../../src/state/databases.ts";
import type { OperationRow } from "../../../src/state/operations.ts";
import { backupSteps } from "../../support/backup-steps.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { mountSmallDisk } from "../../support/small-disk.ts";

const megabyte = 1024 ** 2;
let fixture: PlatformFixture | undefined;
let disk: Awaited<ReturnType<typeof mountSmallDisk>>;
const temporary = process.env.TMPDIR;

beforeAll(async () => {
  disk = await mountSmallDisk("1500M");
  if (typeof disk === "string") return;
  process.env.TMPDIR = disk.directory;
  fixture = await startPlatformFixture({ POSTERN_DISK_RESERVE: "0" });
}, 120_000);
afterAll(async () => {
  await fixture?.close();
  if (temporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporary;
  if (typeof disk !== "string") await disk.remove();
}, 60_000);

const { sql, backUp, restore, databasesOf } = backupSteps(() => fixture!);
const countOf = async (row: DatabaseRow) => (await sql(row, "select count(*)::int from t"))[0];

/** 60 MB, which a dump makes small. */
async function createFilled({ createDatabase, connectAdmin }: PlatformFixture): Promise<DatabaseRow> {
  const row = await createDatabase();
  await sql(row, "create table t as select g as a, repeat('x', 1000) as b from generate_series(1, 50000) g");
  const admin = await connectAdmin(row);
  await admin.query("checkpoint");
  await admin.end();
  return row;
}

/** Leaves so much room while `work` goes on. */
async function withRoom(bytes: number, work: () => Promise<OperationRow>): Promise<OperationRow> {
  if (typeof disk === "string") throw new Error(disk);
  const junk = join(disk.directory, "junk");
  const { bavail, bsize } = await statfs(disk.directory);
  await writeFile(junk, Buffer.alloc(bavail * bsize - bytes));
  try {
    return await work();
  } finally {
    await rm(junk);
  }
}

it("in a restore", { timeout: 240_000 }, async (context) => {
  if (!fixture) return context.skip(String(disk));
  const row = await createFilled(fixture);
  const backup = await backUp(row);
  const end = await withRoom(20 * megabyte, () => restore(row, backup, { skip_safety_snapshot: true }));
  expect(end).toMatchObject({ status: "failed", error: { code: "Y4050" } });
  expect(await countOf(row)).toBe(50_000);
  expect(await databasesOf(row)).toEqual([row.database_name]);
  expect((await restore(row, backup, { skip_safety_snapshot: true })).error).toBeNull();
  expect(await countOf(row)).toBe(50_000);
});

it("in a move to a server of its own", { timeout: 240_000 }, async (context) => {
  if (!fixture) return context.skip(String(disk));
  const row = await createFilled(fixture);
  const operation = await requestScale(fixture.platform, row.account_id, row, { class: "db.p2" });
  const end = await withRoom(80 * megabyte, () => fixture!.carryOut(operation));
  expect(end).toMatchObject({ status: "failed", error: { code: "Y4050" } });
  expect(await findDatabaseById(fixture.platform.state, row.id)).toMatchObject({
    status: "ready",
    instance_id: "shared",
  });
  expect(await countOf(row)).toBe(50_000);
  const { rows } = await fixture.platform.state.query("select from instances where kind = 'process'");
  expect(rows).toEqual([]);
});
