/** Archives in a store away from the machine: its databases come back from there, also when the machine's folders are lost. */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { archiveLayout } from "../../../src/archive/archive-layout.ts";
import { describePointInTime } from "../../../src/archive/describe-point-in-time.ts";
import { keepArchives } from "../../../src/archive/keep-archives.ts";
import type { S3Config } from "../../../src/base/read-s3.ts";
import { requestEnablePointInTime } from "../../../src/databases/archive-database.ts";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { requestRestoreToTime } from "../../../src/databases/restore-to-time.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { findArchivedServer, listAbandonedArchives, updateArchive } from "../../../src/state/archives.ts";
import { type DatabaseRow, findDatabaseById } from "../../../src/state/databases.ts";
import { listUnfinishedOperations } from "../../../src/state/operations.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { listS3Files, type S3Server, startS3Server } from "../../support/s3-server.ts";
import { createAuthority, type TestAuthority } from "../../support/test-certificates.ts";
import { waitUntil } from "../../support/wait-until.ts";

vi.setConfig({ testTimeout: 120_000 });

let authority: TestAuthority;
let directory: string;
let server: S3Server;
let fixture: PlatformFixture;
let row: DatabaseRow;

beforeAll(async () => {
  authority = await createAuthority();
  directory = await mkdtemp(join(tmpdir(), "pst-s3-"));
  const { certificate, key } = await authority.issue("store", { names: ["IP:127.0.0.1"] });
  server = await startS3Server({ directory, cert: await readFile(certificate), key: await readFile(key) });
  vi.stubEnv("POSTERN_S3_ACCESS_KEY_ID", server.accessKeyId);
  vi.stubEnv("POSTERN_S3_SECRET_ACCESS_KEY", server.secretAccessKey);
  vi.stubEnv("POSTERN_S3_CA_FILE", authority.ca);
  fixture = await startPlatformFixture({
    POSTERN_PITR: "on",
    POSTERN_PITR_STORE: `s3://${server.bucket}/archives`,
    POSTERN_S3_ENDPOINT: server.endpoint,
  });
  row = await fixture.createDatabase({ class: "db.p2" });
});
afterAll(async () => {
  await fixture?.close();
  await server?.close();
  await rm(directory, { recursive: true, force: true });
  await authority?.close();
  vi.unstubAllEnvs();
});

const id = () => row.instance_id!;
const archive = async () => (await findArchivedServer(fixture.platform.state, id()))!;
const describeIt = () => describePointInTime(fixture.platform, row);
const enable = async () => {
  const { platform, carryOut } = fixture;
  return carryOut(await requestEnablePointInTime(platform, null, row, undefined));
};

it("holds a server's backup and its log, all of it unreadable for the store", async () => {
  const client = await fixture.connect(row);
  await client.query(
    "create table orders as select 'a very plain sentence' as what from generate_series(1, 100)",
  );
  expect((await enable()).error).toBeNull();
  const admin = await fixture.connectAdmin(row);
  await admin.query("select pg_switch_wal()");
  expect(await describeIt()).toMatchObject({ status: "on", problem: null });
  expect((await archive()).repository).toMatch(/^s3:\/\/backups\/archives\/[0-9a-f]{12}\/[^/]+\?/);
  const files = await listS3Files(directory);
  expect(files.length).toBeGreaterThan(4);
  const { configFile, authorityFile } = archiveLayout(fixture.platform.config, id());
  for (const file of [configFile, authorityFile]) expect((await stat(file)).mode & 0o077).toBe(0);
  // What the servers log names no key.
  expect(await readFile(archiveLayout(fixture.platform.config, id()).pushLog, "utf8")).not.toContain(
    server.secretAccessKey,
  );
});

it("brings a database back to a moment, as a new one", async () => {
  const client = await fixture.connect(row);
  const { earliest } = await describeIt();
  await waitUntil("a moment after the backup", async () => Date.now() > Date.parse(earliest!));
  await client.query("insert into orders select 'late' from generate_series(1, 50)");
  const { rows } = await client.query(
    "select ceil(extract(epoch from clock_timestamp()) * 1000)::float8 as ms",
  );
  const at = new Date(rows[0].ms);
  await waitUntil("the moment to be over", async () => Date.now() > at.getTime() + 1);
  await client.query("delete from orders");
  const { operation, id: restored } = await requestRestoreToTime(fixture.platform, row.account_id, row, {
    at: at.toISOString(),
  });
  expect((await fixture.carryOut(operation)).error).toBeNull();
  const copy = (await findDatabaseById(fixture.platform.state, restored))!;
  const there = await fixture.connect(copy);
  expect((await there.query("select count(*)::int as n from orders")).rows).toEqual([{ n: 150 }]);
  await there.end();
  const end = await fixture.carryOut(
    await requestDestroyDatabase(fixture.platform, null, copy, { skipSnapshot: true }),
  );
  expect(end.error).toBeNull();
});

it("that does not answer stops no write, is told of, and takes the log when it answers again", async () => {
  const client = await fixture.connect(row);
  const admin = await fixture.connectAdmin(row);
  server.trouble = (context) => {
    context.status = 403;
  };
  await client.query("insert into orders values ('while it was away')");
  await admin.query("select pg_switch_wal()");
  await waitUntil("archiving fails", fails, 60_000);
  await keepArchives(fixture.platform);
  const { problem } = await describeIt();
  expect(problem).toMatchObject({ code: "Y6022", hint: expect.stringContaining("POSTERN_PITR_STORE") });
  server.trouble = undefined;
  await waitUntil("archiving goes on", async () => !(await fails()), 90_000);
  await keepArchives(fixture.platform);
  expect(await describeIt()).toMatchObject({ problem: null, gaps: [] });
});

const fails = async () => {
  const admin = await fixture.connectAdmin(row);
  const { rows } = await admin.query(
    "select coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as failing from pg_stat_archiver",
  );
  await admin.end();
  return rows[0].failing as boolean;
};

it("takes a full backup when archives were elsewhere until now", async () => {
  const moved = (prefix: string): Platform => {
    const { config } = fixture.platform;
    const s3 = { ...(config.pointInTime.s3 as S3Config), prefix };
    return { ...fixture.platform, config: { ...config, pointInTime: { ...config.pointInTime, s3 } } };
  };
  await updateArchive(fixture.platform.state, id(), { retry_at: null });
  await keepArchives(moved("other"));
  expect(await archive()).toMatchObject({ status: "starting", last_full_at: null });
  await keepArchives(moved("other"));
  const due = (await listUnfinishedOperations(fixture.platform.state)).find(
    ({ input }) => input.archive_of === id(),
  );
  expect(due).toMatchObject({ kind: "back_up_server", input: { type: "full" } });
  // Back before it began: the archive that is there goes on.
  expect((await fixture.carryOut(due!)).error).toBeNull();
  expect(await describeIt()).toMatchObject({ status: "on", problem: null });
});

it("is emptied when its database is destroyed, however long the store does not answer", async () => {
  server.trouble = (context) => {
    context.status = 503;
  };
  const end = await fixture.carryOut(
    await requestDestroyDatabase(fixture.platform, null, row, { skipSnapshot: true }),
  );
  expect(end.error).toBeNull();
  expect(await listAbandonedArchives(fixture.platform.state)).toHaveLength(1);
  await expect(keepArchives(fixture.platform)).rejects.toMatchObject({ code: "Y6011" });
  server.trouble = undefined;
  await keepArchives(fixture.platform);
  expect(await listAbandonedArchives(fixture.platform.state)).toEqual([]);
  expect(await listS3Files(join(directory, server.bucket))).toEqual([]);
});
