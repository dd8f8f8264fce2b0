/** Branches on disks that share blocks, on disks that do not, on disks that fill up; and branches whose time is over. */
import { readdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { mountReflinkDisk } from "../../../bench/reflink-disk.ts";
import { requestCreateBranch } from "../../../src/databases/create-branch.ts";
import { expireBranches } from "../../../src/maintenance/expire-branches.ts";
import { whenSteady } from "../../../src/maintenance/when-steady.ts";
import { type DatabaseRow, findDatabaseById } from "../../../src/state/databases.ts";
import { listUnfinishedOperations } from "../../../src/state/operations.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { mountSmallDisk } from "../../support/small-disk.ts";

let fixture: PlatformFixture | undefined;
let disk: { directory: string; remove(): Promise<void> } | string = "none";
const temporary = process.env.TMPDIR;

afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
  if (temporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = temporary;
  if (typeof disk !== "string") await disk.remove();
  disk = "none";
}, 60_000);

async function startOn(mounted: typeof disk): Promise<PlatformFixture | undefined> {
  disk = mounted;
  if (typeof disk === "string") return undefined;
  process.env.TMPDIR = disk.directory;
  fixture = await startPlatformFixture({ POSTERN_DISK_RESERVE: "0" });
  return fixture;
}

async function makeBranch({ platform, carryOut }: PlatformFixture, parent: DatabaseRow, ttl?: string) {
  const { id, operation } = await requestCreateBranch(
    platform,
    parent.account_id,
    parent,
    ttl === undefined ? {} : { ttl },
  );
  return { id, end: await carryOut(operation) };
}

const folders = async ({ platform }: PlatformFixture) =>
  (await readdir(join(platform.config.home, "instances"))).filter((name) => name.startsWith("ins-"));

describe("a branch of a server of its own", () => {
  it("shares its blocks with the parent where the disk can", { timeout: 120_000 }, async (context) => {
    const started = await startOn(await mountReflinkDisk("4G"));
    if (!started) return context.skip(String(disk));
    const parent = await started.createDatabase({ isolation: "process" });
    const client = await started.connect(parent);
    await client.query(
      "create table t as select g as a, repeat('x', 1000) as b from generate_series(1, 20000) g",
    );
    const { id, end } = await makeBranch(started, parent);
    expect([end.error, end.result]).toEqual([null, expect.objectContaining({ way: "reflink" })]);
    const branch = await started.connect((await findDatabaseById(started.platform.state, id))!);
    expect((await branch.query("select count(*)::int as n from t")).rows).toEqual([{ n: 20_000 }]);
  });

  it("is not there at all when the disk fills up in the middle", { timeout: 120_000 }, async (context) => {
    const started = await startOn(await mountSmallDisk("1800M"));
    if (!started || typeof disk === "string") return context.skip(String(disk));
    const parent = await started.createDatabase({ isolation: "process" });
    const client = await started.connect(parent);
    await client.query(
      "create table t as select g as a, repeat('x', 1000) as b from generate_series(1, 100000) g",
    );
    // The log is written ahead, so that the parent itself needs no room meanwhile.
    const admin = await started.connectAdmin(parent);
    await admin.query("checkpoint");
    const { rows } = await admin.query<{ size: string }>(
      "select sum(pg_database_size(oid)) as size from pg_database",
    );
    const { bavail, bsize } = await statfs(disk.directory);
    const junk = join(disk.directory, "junk");
    await writeFile(junk, Buffer.alloc(bavail * bsize - Number(rows[0]!.size) - 2 * 1024 ** 2));
    const before = await folders(started);
    const { id, end } = await makeBranch(started, parent);
    expect([end.status, end.error?.code]).toEqual(["failed", "Y4050"]);
    expect(await findDatabaseById(started.platform.state, id)).toBeUndefined();
    expect(await folders(started)).toEqual(before);
    await rm(junk);
    expect((await client.query("select count(*)::int as n from t")).rows).toEqual([{ n: 100_000 }]);
    expect((await makeBranch(started, parent)).end.result).toMatchObject({ way: "copy" });
  });
});

it("a branch destroys itself when its time is over, and its parent stays", { timeout: 120_000 }, async () => {
  fixture = await startPlatformFixture();
  const { platform, carryOut } = fixture;
  const parent = await fixture.createDatabase();
  const { id } = await makeBranch(fixture, parent, "1h");
  await expireBranches(platform);
  expect(await listUnfinishedOperations(platform.state)).toEqual([]);
  await platform.state.query("update databases set expires_at = now() - interval '1 second' where id = $1", [
    id,
  ]);
  await expireBranches(platform);
  await expireBranches(platform);
  const [operation, ...others] = await listUnfinishedOperations(platform.state);
  expect([operation?.kind, operation?.database_id, others]).toEqual(["destroy_database", id, []]);
  await carryOut(operation!);
  expect((await findDatabaseById(platform.state, id))?.status).toBe("destroyed");
  expect((await findDatabaseById(platform.state, parent.id))?.status).toBe("ready");
});

it("a clock that is set a day ahead ends no branch within the hour, and one that is set back keeps it", {
  timeout: 120_000,
}, async () => {
  fixture = await startPlatformFixture();
  const { platform } = fixture;
  const parent = await fixture.createDatabase();
  const { id } = await makeBranch(fixture, parent, "2h");
  const hourMs = 3_600_000;
  let [clock, machine] = [Date.now(), 0];
  platform.clock = { now: () => new Date(clock) };
  const pass = (ms: number) => {
    clock += ms;
    machine += ms;
  };
  const expire = whenSteady("expire branches", expireBranches, () => machine);
  const ended = async () => (await listUnfinishedOperations(platform.state)).length > 0;
  await expire(platform);
  clock += 24 * hourMs;
  await expire(platform);
  pass(hourMs - 1);
  await expire(platform);
  expect(await ended()).toBe(false);
  clock -= 24 * hourMs;
  await expire(platform);
  pass(2);
  await expire(platform);
  expect(await ended()).toBe(false);
  expect((await findDatabaseById(platform.state, id))?.status).toBe("ready");
  // Its time is over in fact.
  pass(hourMs);
  await expire(platform);
  expect(await ended()).toBe(true);
});
