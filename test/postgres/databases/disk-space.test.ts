/** What is refused when the disk has less free space than is kept for what runs. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseReserve, readDiskSpace } from "../../../src/base/disk-space.ts";
import { requestBackup } from "../../../src/databases/create-backup.ts";
import { requestCreateBranch } from "../../../src/databases/create-branch.ts";
import { requestCreateDatabase } from "../../../src/databases/create-database.ts";
import { describeDatabase } from "../../../src/databases/describe-database.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";

let fixture: PlatformFixture;
let row: DatabaseRow;
let full: Platform;

beforeAll(async () => {
  fixture = await startPlatformFixture();
  row = await fixture.createDatabase();
  const { freeBytes } = await readDiskSpace(fixture.platform.config.home, 0);
  full = {
    ...fixture.platform,
    config: { ...fixture.platform.config, diskReserveBytes: freeBytes + 1024 ** 3 },
  };
}, 60_000);
afterAll(() => fixture?.close());

it("nothing new begins below the reserve, and it is said how much is free, needed and kept", async () => {
  const detail = expect.stringMatching(
    /^[\d.]+ [GM]B are free; it needs .* are kept for what runs already\.$/,
  );
  const refusal = { code: "Y4051", detail };
  await expect(requestCreateDatabase(full, row.account_id, { name: "next" })).rejects.toMatchObject(refusal);
  await expect(requestCreateBranch(full, row.account_id, row, {})).rejects.toMatchObject(refusal);
  await expect(requestBackup(full, row.account_id, row, {})).rejects.toMatchObject(refusal);
});

it("what is there goes on running", async () => {
  expect(await describeDatabase(full, row)).toMatchObject({ healthy: true, status: "ready" });
});

it("the reserve is said in MB and GB, and goes by the size of the disk otherwise", async () => {
  expect([parseReserve("512MB"), parseReserve("2 GB"), parseReserve("0"), parseReserve("")]).toEqual([
    512 * 1024 ** 2,
    2 * 1024 ** 3,
    0,
    null,
  ]);
  expect(() => parseReserve("much")).toThrow(expect.objectContaining({ code: "Y0001" }));
  const { reserveBytes, totalBytes } = await readDiskSpace("/", null);
  expect(reserveBytes).toBe(Math.max(1024 ** 3, Math.min(20 * 1024 ** 3, Math.floor(totalBytes / 20))));
});
