/** Where backups' files go, encrypted or not: they are found again whatever the settings are by then. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PosternError } from "@postern/sdk/error";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openBackupDownload } from "../../../src/backups/open-backup-download.ts";
import { createBackup, requestBackup } from "../../../src/databases/create-backup.ts";
import { requestDeleteBackup } from "../../../src/databases/delete-backup.ts";
import { createOperationRun } from "../../../src/instances/operation-run.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { findBackup, listBackups } from "../../../src/state/backups.ts";
import type { DatabaseRow } from "../../../src/state/databases.ts";
import { readAll } from "../../conformance/backup-storage.ts";
import { backupSteps } from "../../support/backup-steps.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { listS3Files, type S3Server, startS3Server } from "../../support/s3-server.ts";
import { createAuthority, type TestAuthority } from "../../support/test-certificates.ts";
import { waitUntil } from "../../support/wait-until.ts";

let root: string;
let fixture: PlatformFixture;
let platform: Platform;
let authority: TestAuthority;
let server: S3Server;
let keyFile: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pn-artefacts-"));
  authority = await createAuthority();
  const { certificate, key } = await authority.issue("s3", { names: ["IP:127.0.0.1"] });
  server = await startS3Server({
    directory: join(root, "s3"),
    key: await readFile(key),
    cert: await readFile(certificate),
  });
  vi.stubEnv("POSTERN_S3_CA_FILE", authority.ca);
  vi.stubEnv("POSTERN_S3_ACCESS_KEY_ID", server.accessKeyId);
  vi.stubEnv("POSTERN_S3_SECRET_ACCESS_KEY", server.secretAccessKey);
  keyFile = join(root, "keys");
  await newKey();
  fixture = await startPlatformFixture();
  platform = fixture.platform;
});
beforeEach(() => {
  Object.assign(platform.config, { s3: null, backupKeyFile: null });
  server.trouble = undefined;
  server.slow = undefined;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.close();
  await server.close();
  await authority.close();
  await rm(root, { recursive: true });
});

const { sql, backUp, restore } = backupSteps(() => fixture);
const s3 = () => ({
  bucket: server.bucket,
  prefix: "home",
  endpoint: server.endpoint,
  region: "us-east-1",
  pathStyle: true,
});

/** Before those that are there. */
async function newKey(): Promise<void> {
  const older = await readFile(keyFile, "utf8").catch(() => "");
  await writeFile(keyFile, `${randomBytes(32).toString("hex")}\n${older}`, { mode: 0o600 });
}

async function createFilled(): Promise<DatabaseRow> {
  const row = await fixture.createDatabase();
  await sql(row, "create table t as select g, md5(g::text) as x from generate_series(1, 20000) g");
  return row;
}
const countOf = async (row: DatabaseRow) => (await sql(row, "select count(*)::int from t"))[0];

test("backups in a folder, in S3, and encrypted in either are restored after the settings have changed", async () => {
  const row = await createFilled();
  const made = [];
  for (const settings of [
    { s3: null, backupKeyFile: null },
    { s3: null, backupKeyFile: keyFile },
    { s3: s3(), backupKeyFile: null },
    { s3: s3(), backupKeyFile: keyFile },
  ]) {
    Object.assign(platform.config, settings);
    made.push(await backUp(row));
  }
  expect(new Set(made.map(({ store }) => store)).size).toBe(2);
  expect(made.map(({ key_id }) => key_id !== null)).toEqual([false, true, false, true]);
  await newKey();
  Object.assign(platform.config, { s3: null, backupKeyFile: keyFile });
  for (const backup of made) {
    await sql(row, "truncate t");
    const end = await restore(row, backup, { skip_safety_snapshot: true });
    expect(end).toMatchObject({ status: "completed", error: null });
    expect(await countOf(row)).toBe(20_000);
    const download = await openBackupDownload(platform, backup);
    const bytes = await readAll(download.stream);
    expect(bytes.subarray(0, 5).toString()).toBe("PGDMP");
    expect(bytes.length).toBe(download.sizeBytes);
  }
  for (const backup of made) await fixture.carryOut(await requestDeleteBackup(platform, null, backup));
  expect((await listS3Files(join(root, "s3"))).filter((name) => name.startsWith("bkp-"))).toEqual([]);
});

test("an encrypted file that was altered or cut is refused with Y6003, and without its key with Y6013", async () => {
  const row = await createFilled();
  platform.config.backupKeyFile = keyFile;
  const [altered, cut] = [await backUp(row), await backUp(row)];
  const fileOf = (key: string) => join(platform.config.backupDirectory, key);
  const bytes = await readFile(fileOf(altered.storage_key));
  bytes[bytes.length - 100]! ^= 1;
  await writeFile(fileOf(altered.storage_key), bytes);
  await truncate(fileOf(cut.storage_key), bytes.length - 1);
  for (const backup of [altered, cut])
    expect((await restore(row, backup)).error).toMatchObject({
      code: "Y6003",
      detail: expect.stringContaining(backup.storage_key),
    });
  await expect(readAll((await openBackupDownload(platform, altered)).stream)).rejects.toThrow(
    "not as it was",
  );
  const whole = await backUp(row);
  platform.config.backupKeyFile = null;
  expect((await restore(row, whole)).error).toMatchObject({ code: "Y6013" });
  expect(await countOf(row)).toBe(20_000);
});

test("a store that does not answer is waited for, and what was begun is finished", async () => {
  const row = await createFilled();
  platform.config.s3 = s3();
  let refused = 0;
  server.trouble = (context) => {
    refused += 1;
    if (refused >= 6) server.trouble = undefined;
    context.res.destroy();
  };
  expect((await backUp(row)).status).toBe("completed");
  expect(refused).toBeGreaterThan(1);
});

test("a store that refuses fails the backup with Y6012 and leaves nothing", async () => {
  const row = await createFilled();
  platform.config.s3 = { ...s3(), bucket: "no-such-bucket" };
  const end = await fixture.carryOut(await requestBackup(platform, null, row, {}));
  expect(end).toMatchObject({ status: "failed", error: { code: "Y6012" } });
  const [failed] = await listBackups(platform.state, { databaseId: row.id, limit: 1 });
  expect(failed).toMatchObject({ status: "failed", error: { code: "Y6012" } });
});

test("keys that cannot be read fail the backup with Y6013 before anything is written", async () => {
  const row = await createFilled();
  platform.config.backupKeyFile = join(root, "no-such-file");
  const operation = await requestBackup(platform, null, row, {});
  expect((await fixture.carryOut(operation)).error).toMatchObject({ code: "Y6013" });
  expect(await findBackup(platform.state, operation.input.backup_id as never)).toBeUndefined();
});

/** More than one part of an upload: what is random does not become smaller. */
async function createLarge(): Promise<DatabaseRow> {
  const row = await fixture.createDatabase();
  const client = await fixture.connect(row);
  await client.query("create table t (x bytea)");
  for (let made = 0; made < 20; made += 1)
    await client.query("insert into t values ($1)", [randomBytes(1024 ** 2)]);
  await client.end();
  return row;
}

const isPart = ({ method, query }: { method: string; query: Record<string, string | undefined> }) =>
  method === "PUT" && query.partNumber !== undefined;

test("a store that goes away in the middle of an upload fails the backup with Y6011, and nothing of it is listed or kept", async () => {
  const row = await createLarge();
  platform.config.s3 = s3();
  server.slow = async (context) => {
    if (isPart(context)) server.trouble = (later) => later.res.destroy();
  };
  const operation = await requestBackup(platform, null, row, {});
  const run = createOperationRun(platform, operation, () => platform.stopping);
  const failure = await createBackup.run(platform, run).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "Y6011", detail: expect.stringContaining(server.endpoint) });
  Object.assign(server, { trouble: undefined, slow: undefined });
  await run.remember({ undoing: (failure as PosternError).toBody() });
  await createBackup.undo!(platform, run);
  const [backup, ...others] = await listBackups(platform.state, { databaseId: row.id, limit: 10 });
  expect([backup!.status, backup!.error?.code, others]).toEqual(["failed", "Y6011", []]);
  expect(server.unfinished.size).toBe(0);
  const files = await listS3Files(join(root, "s3"));
  expect(files.filter((name) => name.startsWith(backup!.id))).toEqual([]);
});

test("a store that comes back in time gets the backup once, whole", async () => {
  const row = await createLarge();
  platform.config.s3 = s3();
  let cut = 0;
  server.slow = async (context) => {
    if (!isPart(context) || cut > 4) return;
    cut += 1;
    context.res.destroy();
    await new Promise(() => {});
  };
  const backup = await backUp(row);
  expect(cut).toBeGreaterThan(4);
  expect(server.unfinished.size).toBe(0);
  expect(await listBackups(platform.state, { databaseId: row.id, limit: 10 })).toHaveLength(1);
  await sql(row, "truncate t");
  const end = await restore(row, backup, { skip_safety_snapshot: true });
  expect(end).toMatchObject({ status: "completed", error: null });
  expect(await countOf(row)).toBe(20);
});

test("a store that takes its time holds up nobody else, and its backup is not called complete before it is", async () => {
  const [row, other] = [await createLarge(), await createFilled()];
  platform.config.s3 = s3();
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  let parts = 0;
  server.slow = async (context) => {
    if (!isPart(context)) return;
    parts += 1;
    await held;
  };
  const slow = backUp(row);
  await waitUntil("a part is held", async () => parts > 0);
  platform.config.s3 = null;
  expect((await backUp(other)).status).toBe("completed");
  expect(await countOf(row)).toBe(20);
  const [meanwhile] = await listBackups(platform.state, { databaseId: row.id, limit: 10 });
  expect(meanwhile!.status).toBe("running");
  go();
  expect((await slow).status).toBe("completed");
});
