/** What a kill -9 leaves behind, at any point of any operation: nothing half made, nothing acknowledged lost. */

import type {
  BackupInfo,
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  MigrateResult,
  OperationInfo,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import {
  listBackupFiles,
  listInstanceFolders,
  listServerRoles,
  listSettledDatabases,
} from "../support/server-facts.ts";
import { waitUntil } from "../support/wait-until.ts";

// Each test starts and kills a daemon many times, on machines that do other things as well.
vi.setConfig({ testTimeout: 240_000 });

let postern: PosternHome;

beforeAll(async () => {
  // As in use: with directories and databases that are prepared ahead.
  postern = await createPosternHome({ POSTERN_EPHEMERAL: "0" });
  await postern.start();
});
afterAll(() => postern.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function finished(id: string): Promise<OperationInfo> {
  let operation: OperationInfo | undefined;
  await waitUntil(
    `operation ${id} ends`,
    async () => {
      // Postern's own database may be among what was killed.
      operation = await postern
        .api<OperationInfo>("GET", `/v1/operations/${id}?wait=5`)
        .catch(() => undefined);
      return operation !== undefined && operation.status !== "pending" && operation.status !== "running";
    },
    120_000,
  );
  return operation!;
}

async function killDaemonAndStartAgain(): Promise<void> {
  await postern.stop("SIGKILL");
  await postern.start();
}

async function withDirect<Result>(
  ref: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const urls = await postern.api<DatabaseUrls>("GET", `/v1/databases/${ref}/urls`);
  const client = new pg.Client({ connectionString: urls.direct });
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What is on the servers is what Postern knows of, no more and no less. */
async function expectNothingHalfMade(): Promise<void> {
  const databases = await postern.api<DatabaseInfo[]>("GET", "/v1/databases");
  const shared = databases
    .filter((database) => database.isolation === "shared")
    .map((database) => database.database);
  expect(databases.every((database) => database.status === "ready")).toBe(true);
  expect(await listSettledDatabases(postern.home, "shared")).toEqual(shared.sort());
  expect(await listServerRoles(postern.home, "shared")).toEqual(shared.sort());
  expect(await listInstanceFolders(postern.home)).toHaveLength(databases.length - shared.length);
}

/** One that was killed before may not be there again, though what it was killed under has come to its end. */
async function runningServer(name: string): Promise<number> {
  let pid: number | undefined;
  await waitUntil(`server ${name} runs`, async () => {
    pid = await postern.serverPid(name).catch(() => undefined);
    return pid !== undefined;
  });
  return pid!;
}

describe("kill -9 of the daemon", () => {
  it.each(["shared", "process"])(
    "while it creates %s databases leaves each of them whole or gone",
    async (isolation) => {
      for (const [index, delayMs] of [0, 15, 40, 80, 160].entries()) {
        const accepted = await postern.api<CreatedDatabase>("POST", "/v1/databases?wait=false", {
          name: `killed-${isolation}-${index}`,
          isolation,
        });
        await pause(delayMs);
        await killDaemonAndStartAgain();
        const operation = await finished(accepted.operation_id);
        expect(operation.status).toBe("completed");
        await expectNothingHalfMade();
        const urls = await postern.api<DatabaseUrls>("GET", `/v1/databases/${accepted.id}/urls`);
        const client = new pg.Client({ connectionString: urls.pooled });
        await client.connect();
        expect((await client.query("select current_database() as name")).rows).toEqual([
          { name: urls.database },
        ]);
        await client.end();
      }
    },
  );

  it("while it migrates leaves whole files, which are finished by its successor", async () => {
    const { id } = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "killed-migrate" });
    const files = Array.from({ length: 8 }, (_, index) => ({
      name: `${String(index + 1).padStart(3, "0")}_step.sql`,
      sql: `create table step_${index} (a int); select pg_sleep(0.05); insert into step_${index} values (1);`,
    }));
    const accepted = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/migrations`, { files });
    await pause(180);
    await killDaemonAndStartAgain();
    const operation = await finished(accepted.id);
    expect(operation.status).toBe("completed");
    expect((operation.result as MigrateResult).total).toBe(8);
    const rows = await withDirect(
      id,
      async (client) => (await client.query("select count(*)::int as n from postern.schema_migrations")).rows,
    );
    expect(rows).toEqual([{ n: 8 }]);
    for (const [index] of files.entries()) {
      const { rows: content } = await withDirect(id, (client) => client.query(`select a from step_${index}`));
      expect(content).toEqual([{ a: 1 }]);
    }
  });

  it("while it backs up and restores loses no data and leaves no file or database behind", async () => {
    const { id, database } = await postern.api<CreatedDatabase>("POST", "/v1/databases", {
      name: "killed-restore",
    });
    await withDirect(id, (client) =>
      client.query(
        "create table t as select g as id, repeat('x', 200) as pad from generate_series(1, 20000) g",
      ),
    );
    const first = await finished(
      (await postern.api<OperationInfo>("POST", `/v1/databases/${id}/backups`, {})).id,
    );
    const { id: backupId } = first.result as BackupInfo;
    for (const delayMs of [5, 60, 150, 300, 600, 900]) {
      const backup = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/backups`, {});
      await pause(delayMs / 3);
      await killDaemonAndStartAgain();
      expect((await finished(backup.id)).status).toBe("completed");
      await withDirect(id, (client) => client.query("delete from t where id % 2 = 0"));
      const restore = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/restore`, {
        backup_id: backupId,
        skip_safety_snapshot: true,
      });
      await pause(delayMs);
      await killDaemonAndStartAgain();
      expect((await finished(restore.id)).status).toBe("completed");
      const { rows } = await withDirect(id, (client) => client.query("select count(*)::int as n from t"));
      expect(rows).toEqual([{ n: 20_000 }]);
    }
    expect(
      (await listSettledDatabases(postern.home, "shared")).filter((name) => name.startsWith(database)),
    ).toEqual([database]);
    const known = await postern.api<BackupInfo[]>("GET", `/v1/databases/${id}/backups`);
    expect(await listBackupFiles(postern.home)).toHaveLength(known.length);
    await expectNothingHalfMade();
  });

  it("while it destroys is finished by its successor, and the database can be brought back", async () => {
    for (const delayMs of [10, 120, 300]) {
      const { id } = await postern.api<CreatedDatabase>("POST", "/v1/databases", {
        name: `killed-destroy-${delayMs}`,
      });
      await withDirect(id, (client) => client.query("create table t as select 7 as a"));
      const destroy = await postern.api<OperationInfo>("DELETE", `/v1/databases/${id}`);
      await pause(delayMs);
      await killDaemonAndStartAgain();
      expect((await finished(destroy.id)).status).toBe("completed");
      const undelete = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/undelete`);
      await pause(delayMs);
      await killDaemonAndStartAgain();
      expect((await finished(undelete.id)).status).toBe("completed");
      expect((await withDirect(id, (client) => client.query("select a from t"))).rows).toEqual([{ a: 7 }]);
    }
    await expectNothingHalfMade();
  });
});

describe("kill -9 of a server", () => {
  it.each(["shared", "system", "pgbouncer"])(
    "brings %s back by itself with all committed data",
    async (server) => {
      const { id } = await postern.api<CreatedDatabase>("POST", "/v1/databases", {
        name: `server-${server}`,
      });
      await withDirect(id, (client) => client.query("create table t as select 1 as a"));
      const before = await postern.serverPid(server);
      process.kill(before, "SIGKILL");
      await waitUntil(`${server} is back`, async () => {
        const pid = await postern.serverPid(server).catch(() => before);
        return pid !== before;
      });
      const urls = await postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`).catch(async () => {
        await waitUntil("the control plane answers", () =>
          postern.api("GET", "/v1/status").then(
            () => true,
            () => false,
          ),
        );
        return postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);
      });
      await waitUntil("the pooled URL answers", async () => {
        const client = new pg.Client({ connectionString: urls.pooled });
        client.on("error", () => {});
        return client
          .connect()
          .then(() => client.query("select a from t"))
          .then(
            ({ rows }) => rows[0].a === 1,
            () => false,
          )
          .finally(() => client.end().catch(() => {}));
      });
    },
  );

  it("in the middle of a creation is waited out", async () => {
    for (const server of ["shared", "system"]) {
      const accepted = await postern.api<CreatedDatabase>("POST", "/v1/databases?wait=false", {
        name: `mid-${server}`,
      });
      process.kill(await runningServer(server), "SIGKILL");
      await waitUntil(
        "the control plane answers",
        () =>
          postern.api("GET", "/v1/status").then(
            () => true,
            () => false,
          ),
        120_000,
      );
      expect((await finished(accepted.operation_id)).status).toBe("completed");
    }
    await expectNothingHalfMade();
  });

  it("in the middle of a backup and of a restore is waited out", async () => {
    const { id } = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "mid-backup" });
    await withDirect(id, (client) =>
      client.query(
        "create table t as select g as id, repeat('x', 200) as pad from generate_series(1, 20000) g",
      ),
    );
    const backup = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/backups`, {});
    await pause(60);
    process.kill(await runningServer("shared"), "SIGKILL");
    const made = await finished(backup.id);
    expect(made.status).toBe("completed");
    const restore = await postern.api<OperationInfo>("POST", `/v1/databases/${id}/restore`, {
      backup_id: (made.result as BackupInfo).id,
    });
    await pause(250);
    process.kill(await runningServer("shared"), "SIGKILL");
    expect((await finished(restore.id)).status).toBe("completed");
    expect((await withDirect(id, (client) => client.query("select count(*)::int as n from t"))).rows).toEqual(
      [{ n: 20_000 }],
    );
    await expectNothingHalfMade();
  });
});
