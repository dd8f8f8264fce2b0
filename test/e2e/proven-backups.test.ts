/** Backups from outside: policies, status, proofs that survive a kill -9, and addresses that expire. */
import type {
  BackupInfo,
  BackupPolicyInfo,
  BackupStatusInfo,
  CreatedDatabase,
  DownloadUrl,
  OperationInfo,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { listBackupFiles, listServerDatabases } from "../support/server-facts.ts";

vi.setConfig({ testTimeout: 120_000 });

let postern: PosternHome;
let fixture: BackupFixture;
let database: CreatedDatabase;
let backup: BackupInfo;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  fixture = backupFixture(postern);
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
  database = await fixture.create("shop");
  await fixture.rows(
    database.id,
    "create table t as select g as id, repeat('x', 200) as pad from generate_series(1, 20000) g",
  );
  backup = await fixture.backUp(database.id);
});
afterAll(() => postern.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("db backup policy", () => {
  it("shows what the class says, changes what is given, and goes back to the class's", async () => {
    expect(await postern.json<BackupPolicyInfo>(["db", "backup", "policy", "shop"])).toMatchObject({
      schedule: "0 0 * * *",
      retention: "7d",
      snapshot_on_delete: false,
      snapshot_on_reset: false,
      own: [],
    });
    const options = ["--schedule", "0 */6 * * *", "--retention", "90d", "--snapshot-on-delete", "on"];
    const changed = await postern.json<BackupPolicyInfo>(["db", "backup", "policy", "shop", ...options]);
    expect(changed).toMatchObject({
      schedule: "0 */6 * * *",
      retention: "90d",
      snapshot_on_delete: true,
      own: ["schedule", "retention", "snapshot_on_delete"],
    });
    expect(Date.parse(changed.next_run_at!) - Date.now()).toBeLessThanOrEqual(6 * 3_600_000);
    const off = await postern.json<BackupPolicyInfo>(["db", "backup", "policy", "shop", "--schedule", "off"]);
    expect(off).toMatchObject({ schedule: null, next_run_at: null, retention: "90d" });
    const back = ["--schedule", "default", "--retention", "default", "--snapshot-on-delete", "default"];
    expect((await postern.json<BackupPolicyInfo>(["db", "backup", "policy", "shop", ...back])).own).toEqual(
      [],
    );
  });

  it("refuses a schedule that is none with Y6010 and exit code 2", async () => {
    const end = await postern.run(["db", "backup", "policy", "shop", "--schedule", "at night"]);
    expect(end.code).toBe(2);
    expect(end.stderr).toContain("Y6010");
  });

  it("is not changed by the database's own token", async () => {
    const change = postern.api(
      "PUT",
      `/v1/databases/${database.id}/backup-policy`,
      { schedule: false },
      database.token,
    );
    await expect(change).rejects.toMatchObject({ code: "Y2003" });
  });
});

describe("db backup-status", () => {
  it("tells schedule, last backup and next one, and ends with 0 while none is missing", async () => {
    const end = await postern.run(["db", "backup-status", "shop", "--json"]);
    expect(end.code).toBe(0);
    const status = JSON.parse(end.stdout) as BackupStatusInfo;
    expect(status).toMatchObject({ overdue: false, completed: 1, failed: 0, schedule: "0 0 * * *" });
    expect(status.latest!.id).toBe(backup.id);
    expect((await postern.run(["db", "backup-status", "shop"])).stdout).toContain("as it should be");
  });
});

describe("db backup verify", () => {
  it("proves a backup by its id and by its database, and show tells of it", async () => {
    expect(await postern.json(["db", "backup", "verify", backup.id])).toMatchObject({
      backup_id: backup.id,
      status: "verified",
      tables: 1,
      rows: 20_000,
    });
    const end = await postern.run(["db", "backup", "verify", "shop"]);
    expect(end.stderr).toContain(`${backup.id} is good: 1 table, 20000 rows`);
    const shown = await postern.json<BackupInfo>(["db", "backup", "show", backup.id]);
    expect(shown.verification).toMatchObject({ status: "verified" });
    const status = await postern.json<BackupStatusInfo>(["db", "backup", "status", "shop"]);
    expect(status.last_verified!.id).toBe(backup.id);
  });

  it("is finished by the successor of a daemon that is killed anywhere in it, and nothing of it stays", async () => {
    for (const delayMs of [20, 150, 400, 800]) {
      const accepted = await postern.api<OperationInfo>("POST", `/v1/backups/${backup.id}/verify`);
      await pause(delayMs);
      await postern.stop("SIGKILL");
      await postern.start();
      Object.assign(postern.environment, { POSTERN_API_URL: postern.apiUrl() });
      expect((await fixture.completed(accepted)).result).toMatchObject({ status: "verified" });
      expect(await listServerDatabases(postern.home, "shared")).toEqual([database.database]);
    }
    expect(await listBackupFiles(postern.home)).toHaveLength(1);
  });
});

describe("a signed address", () => {
  it("gives the file without a key, until it expires, and for no other backup", async () => {
    const end = await postern.run(["db", "backup", "download", backup.id, "--url"]);
    const url = end.stdout.trim();
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.length).toBe(backup.size_bytes);
    expect(bytes.subarray(0, 5).toString()).toBe("PGDMP");
    for (const wrong of [
      url.replace(backup.id, "bkp-00000000"),
      url.replace(/expires=(\d+)/, (_text, seconds) => `expires=${Number(seconds) + 1}`),
      url.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    ]) {
      const refused = await fetch(wrong);
      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({ code: "Y6014" });
    }
    const short = await postern.api<DownloadUrl>(
      "GET",
      `/v1/backups/${backup.id}/download-url?expires_in=1s`,
    );
    await vi.waitUntil(async () => (await fetch(short.url)).status === 403, {
      timeout: 5_000,
      interval: 200,
    });
    expect(await (await fetch(short.url)).json()).toMatchObject({
      message: expect.stringContaining("expired"),
    });
  });

  it("is not for who may not see the backup", async () => {
    const signed = postern.api("GET", `/v1/backups/${backup.id}/download-url`, undefined, database.token);
    await expect(signed).rejects.toMatchObject({ code: "Y2003" });
  });
});

it("db restore puts another database's backup in the place of this one's data, after a safety backup", async () => {
  const other = await fixture.create("staging");
  await fixture.rows(other.id, "create table only_here as select 1 as a");
  const end = await postern.run(["db", "restore", "-d", "staging", "--snapshot", backup.id, "--force"]);
  expect(end.stderr).toContain(`Restored staging from ${backup.id}`);
  expect(await fixture.rows(other.id, "select count(*)::int as n from t")).toEqual([{ n: 20_000 }]);
  const [safety] = await fixture.backups(other.id);
  expect(safety).toMatchObject({ kind: "safety", status: "completed" });
});

it("metrics count databases by how they are backed up", async () => {
  const answer = await fetch(`${postern.apiUrl()}/metrics`, {
    headers: { authorization: `Bearer ${postern.apiKey()}` },
  });
  const text = await answer.text();
  expect(text).toContain('postern_backup_databases{state="scheduled"} 2');
  expect(text).toContain('postern_backup_databases{state="overdue"} 0');
});
