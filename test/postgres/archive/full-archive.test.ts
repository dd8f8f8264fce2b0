/** A disk of the archives that is full: writes go on, the time that is lost is told, and the next backup ends it. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readArchiver, readPushLog } from "../../../src/archive/archive-health.ts";
import { archiveLayout } from "../../../src/archive/archive-layout.ts";
import { describePointInTime } from "../../../src/archive/describe-point-in-time.ts";
import { keepArchives } from "../../../src/archive/keep-archives.ts";
import { requestEnablePointInTime } from "../../../src/databases/archive-database.ts";
import { requestRestoreToTime } from "../../../src/databases/restore-to-time.ts";
import { ownPath } from "../../../src/runtime/own-path.ts";
import { runPgbackrest } from "../../../src/runtime/pgbackrest.ts";
import { findArchivedServer } from "../../../src/state/archives.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { listUnfinishedOperations } from "../../../src/state/operations.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { mountSmallDisk, type SmallDisk } from "../../support/small-disk.ts";
import { waitUntil } from "../../support/wait-until.ts";

const mounted = await mountSmallDisk("64m");
const disk = typeof mounted === "string" ? undefined : mounted;

describe.skipIf(!disk)("an archive on a disk of its own", { timeout: 120_000 }, () => {
  let fixture: PlatformFixture;
  let row: DatabaseRow;
  const filler = join((disk as SmallDisk).directory, "filler");

  beforeAll(async () => {
    fixture = await startPlatformFixture({
      POSTERN_PITR: "on",
      POSTERN_PITR_DIR: disk!.directory,
      POSTERN_PITR_QUEUE: "32",
    });
    row = await fixture.createDatabase();
    const end = await fixture.carryOut(
      await requestEnablePointInTime(fixture.platform, null, row, undefined),
    );
    expect(end.error).toBeNull();
  });
  afterAll(async () => {
    await fixture.close();
    await disk!.remove();
  });

  const server = async () => (await findArchivedServer(fixture.platform.state, "shared"))!;
  const isFailing = async () => (await readArchiver(fixture.platform, await server()))?.isFailing === true;

  it("goes on writing when it is full, and tells what is missing", async () => {
    await writeFile(filler, Buffer.alloc(64 * 1024 * 1024)).catch(() => {});
    const [client, admin] = [await fixture.connect(row), await fixture.connectAdmin(row)];
    await client.query("create table log (line text)");
    await admin.query("select pg_switch_wal()");
    await waitUntil("archiving fails", isFailing);
    await keepArchives(fixture.platform);
    expect((await describePointInTime(fixture.platform, row)).problem).toMatchObject({ code: "Y6022" });
    for (let line = 0; line < 6; line += 1) {
      await client.query("insert into log values ($1)", [String(line)]);
      await admin.query("select pg_switch_wal()");
    }
    const { last_backup_at } = await server();
    await waitUntil(
      "log is given up",
      async () => (await readPushLog(fixture.platform.config, "shared", last_backup_at!)).droppedAt !== null,
    );
    await keepArchives(fixture.platform);
    const { gaps, latest } = await describePointInTime(fixture.platform, row);
    expect(gaps).toEqual([{ from: expect.any(String), to: null }]);
    expect(Date.parse(latest!)).toBeLessThanOrEqual(Date.now());
    const { rows } = await client.query("select count(*)::int as lines from log");
    expect(rows).toEqual([{ lines: 6 }]);
  });

  it("can be gone back in again from the next backup on, but not to the time that is missing", async () => {
    await rm(filler);
    const admin = await fixture.connectAdmin(row);
    await admin.query("select pg_current_xact_id()");
    await admin.query("select pg_switch_wal()");
    await waitUntil("archiving goes on", async () => !(await isFailing()), 90_000);
    await keepArchives(fixture.platform);
    const [due] = await listUnfinishedOperations(fixture.platform.state);
    expect(due).toMatchObject({ kind: "back_up_server", input: { type: "incr" } });
    expect((await fixture.carryOut(due!)).error).toBeNull();
    const { gaps, problem } = await describePointInTime(fixture.platform, row);
    expect(problem).toBeNull();
    expect(gaps).toEqual([{ from: expect.any(String), to: expect.any(String) }]);
    const [gap] = gaps;
    const middle = new Date((Date.parse(gap!.from) + Date.parse(gap!.to!)) / 2);
    await expect(
      requestRestoreToTime(fixture.platform, row.account_id, row, { at: middle.toISOString() }),
    ).rejects.toMatchObject({ code: "Y6021" });
  });

  it("is of no use under another server's key", async () => {
    const { config, toolchain, account } = fixture.platform;
    const { directory, configFile } = archiveLayout(config, "shared");
    const text = await readFile(configFile, "utf8");
    const otherConfig = join(directory, "other.conf");
    await writeFile(otherConfig, text.replace(/cipher-pass=.*/, `cipher-pass=${"0".repeat(64)}`));
    const target = join(config.home, "run", "elsewhere");
    await mkdir(target);
    for (const path of [otherConfig, target]) await ownPath(path, account);
    const restore = (file: string) =>
      runPgbackrest({
        toolchain,
        account,
        configFile: file,
        stanza: "shared",
        command: "restore",
        options: [`--pg1-path=${target}`],
        confinement: null,
      });
    expect((await restore(otherConfig)).code).not.toBe(0);
    expect(await readdir(target)).toEqual([]);
    expect((await restore(configFile)).code).toBe(0);
  });
});
