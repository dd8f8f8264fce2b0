/**
 * kill -9 of the daemon at chosen writes of every operation: its successor brings it to its end, nothing acknowledged is
 * lost and nothing is left over. `npm run test:faults` takes every write of each.
 */
import type {
  BackupInfo,
  CreatedDatabase,
  DatabaseUrls,
  OperationInfo,
  QueryResult,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  allPoints,
  type CrashPoint,
  type CrashScenario,
  crashAtPoints,
  waitForEnd,
} from "../support/crash-driver.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { installWriteGate, type WriteGate } from "../support/write-gate.ts";

vi.setConfig({ testTimeout: allPoints ? 14_400_000 : 120_000 });

let postern: PosternHome;
let gate: WriteGate;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  gate = await installWriteGate(postern);
});
afterAll(async () => {
  await gate?.end();
  await postern.close();
});

interface Subject extends CreatedDatabase {
  query(sql: string): Promise<unknown[]>;
  post(path: string, body?: unknown): Promise<OperationInfo & Record<string, never>>;
}

const subjectOf = (created: CreatedDatabase): Subject => ({
  ...created,
  query: async (sql) =>
    (await postern.api<QueryResult>("POST", `/v1/db/${created.id}/query`, { sql }, created.token)).rows,
  post: (path, body = {}) => postern.api("POST", `/v1/databases/${created.id}/${path}`, body),
});

/** With 2000 rows that were acknowledged. */
async function createSubject(name: string, databaseClass = "db.p1"): Promise<Subject> {
  const subject = subjectOf(
    await postern.api<CreatedDatabase>("POST", "/v1/databases", { name, class: databaseClass }),
  );
  await subject.query(
    "create table t as select g as id, repeat('x', 100) as pad from generate_series(1, 2000) g",
  );
  return subject;
}

const count = "select count(*)::int as n from t";
const whole = [{ n: 2000 }];

async function destroy(id: string): Promise<void> {
  const { id: operation } = await postern.api<OperationInfo>(
    "DELETE",
    `/v1/databases/${id}?skip_snapshot=true&with_branches=true`,
  );
  expect(await waitForEnd(postern, operation)).toMatchObject({ status: "completed" });
}

const crashEverywhere = (scenario: CrashScenario, chosen: CrashPoint[]) =>
  crashAtPoints(postern, gate, scenario, chosen);

const completed = { status: "completed", error: null };

describe.each(["db.p1", "db.p2"])("kill -9 of the daemon, with a database of %s", (databaseClass) => {
  const suffix = databaseClass.slice(-2);
  const onlyFor = (one: string, point: CrashPoint) => (one === databaseClass ? [point] : []);

  it("while it makes, proves and deletes backups", async () => {
    const shop = await createSubject(`backups-${suffix}`, databaseClass);
    let latest = "";
    await crashEverywhere(
      {
        title: "create_backup",
        kind: "create_backup",
        isNeeded: true,
        begin: async () => (await shop.post("backups")).id,
        async check(operation) {
          expect(operation).toMatchObject(completed);
          latest = (operation.result as BackupInfo).id;
        },
      },
      [],
    );
    await crashEverywhere(
      {
        title: "verify_backup",
        kind: "verify_backup",
        begin: async () => (await postern.api<OperationInfo>("POST", `/v1/backups/${latest}/verify`)).id,
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(operation.result).toMatchObject({ status: "verified", rows: 2000 });
        },
      },
      onlyFor("db.p1", { write: 8, end: "commit" }),
    );
    await crashEverywhere(
      {
        title: "restore_backup",
        kind: "restore_backup",
        async begin() {
          await shop.query("delete from t where id > 1000");
          return (await shop.post("restore", { backup_id: latest })).id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await shop.query(count)).toEqual(whole);
        },
      },
      onlyFor("db.p2", { write: 6, end: "rollback" }),
    );
    await crashEverywhere(
      {
        title: "delete_backup",
        kind: "delete_backup",
        async begin() {
          const made = await waitForEnd(postern, (await shop.post("backups")).id);
          latest = (made.result as BackupInfo).id;
          return (await postern.api<OperationInfo>("DELETE", `/v1/backups/${latest}`)).id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          const backups = await postern.api<BackupInfo[]>("GET", `/v1/databases/${shop.id}/backups`);
          expect(backups.map(({ id }) => id)).not.toContain(latest);
        },
      },
      [],
    );
    await destroy(shop.id);
  });

  it("while it resets and wipes", async () => {
    const shop = await createSubject(`resets-${suffix}`, databaseClass);
    const files = [
      { name: "001_t.sql", sql: "create table t as select g as id from generate_series(1, 5) g" },
    ];
    await crashEverywhere(
      {
        title: "reset_database",
        kind: "reset_database",
        begin: async () => (await shop.post("reset", { files })).id,
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await shop.query(count)).toEqual([{ n: 5 }]);
        },
      },
      [],
    );
    await crashEverywhere(
      {
        title: "wipe_database",
        kind: "wipe_database",
        begin: async () => (await shop.post("wipe")).id,
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await shop.query("select from pg_class where relname = 't'")).toEqual([]);
        },
      },
      onlyFor("db.p1", { write: 9, end: "commit" }),
    );
    await destroy(shop.id);
  });

  it("while it rotates credentials", async () => {
    let shop = await createSubject(`rotates-${suffix}`, databaseClass);
    await crashEverywhere(
      {
        title: "apply_credentials",
        kind: "apply_credentials",
        async begin() {
          const answer = await shop.post("rotate-credentials", { grace: "0s" });
          shop = subjectOf({ ...shop, token: (answer as unknown as { token: string }).token });
          return (answer as unknown as { operation_id: string }).operation_id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await shop.query(count)).toEqual(whole);
          const urls = await postern.api<DatabaseUrls>("GET", `/v1/databases/${shop.id}/urls`);
          for (const url of [urls.pooled, urls.direct]) expect(await readOver(url)).toEqual(whole);
        },
      },
      onlyFor("db.p2", { write: 3, end: "commit" }),
    );
    await destroy(shop.id);
  });

  it("while it makes, resets, promotes and deletes branches", async () => {
    const shop = await createSubject(`parent-${suffix}`, databaseClass);
    let branch: Subject | undefined;
    let index = 0;
    const makeBranch = async () => {
      const made = await postern.api<CreatedDatabase>(
        "POST",
        `/v1/databases/${shop.id}/branches?wait=false`,
        {
          name: `branch-${suffix}-${++index}`,
        },
      );
      const previous = branch;
      branch = subjectOf(made);
      return { made, previous };
    };
    await crashEverywhere(
      {
        title: "create_branch",
        kind: "create_branch",
        isNeeded: true,
        async begin() {
          if (branch) await destroy(branch.id);
          return (await makeBranch()).made.operation_id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await branch!.query(count)).toEqual(whole);
          expect(await shop.query(count)).toEqual(whole);
        },
      },
      onlyFor("db.p1", { write: 6, end: "commit" }),
    );
    await crashEverywhere(
      {
        title: "reset_branch",
        kind: "reset_branch",
        async begin() {
          await branch!.query("delete from t where id % 2 = 0");
          return (await branch!.post("branch/reset")).id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await branch!.query(count)).toEqual(whole);
        },
      },
      onlyFor("db.p1", { write: 9, end: "rollback" }),
    );
    let added = 0;
    await crashEverywhere(
      {
        title: "promote_branch",
        kind: "promote_branch",
        async begin() {
          await branch!.query(`insert into t values (${2001 + added})`);
          added += 1;
          return (await branch!.post("branch/promote")).id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await shop.query(count)).toEqual([{ n: 2000 + added }]);
          expect(await branch!.query(count)).toEqual([{ n: 2000 + added }]);
        },
      },
      onlyFor("db.p2", { write: 12, end: "rollback" }),
    );
    await crashEverywhere(
      {
        title: "destroy_database (a branch)",
        kind: "destroy_database",
        async begin() {
          const gone = branch!;
          const { made } = await makeBranch();
          expect(await waitForEnd(postern, made.operation_id)).toMatchObject(completed);
          return (await postern.api<OperationInfo>("DELETE", `/v1/databases/${gone.id}`)).id;
        },
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await shop.query(count)).toEqual([{ n: 2000 + added }]);
        },
      },
      onlyFor("db.p2", { write: 5, end: "commit" }),
    );
    await destroy(shop.id);
  });
});

async function readOver(url: string): Promise<unknown[]> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return (await client.query(count).finally(() => client.end())).rows;
}

// The suite has scale-faults.test.ts for it.
it.runIf(allPoints)("kill -9 of the daemon while it gives a database another class", async () => {
  const shop = await createSubject("scales");
  const wanted = ["db.p2", "db.p3", "db.p1"] as const;
  const scaleTo = async (name: string) =>
    expect(await waitForEnd(postern, (await shop.post("scale", { class: name })).id)).toMatchObject(
      completed,
    );
  for (const [index, from] of (["db.p1", "db.p2", "db.p3"] as const).entries()) {
    const to = wanted[index]!;
    await crashEverywhere(
      {
        title: `scale_database from ${from} to ${to}`,
        kind: "scale_database",
        begin: async () => (await shop.post("scale", { class: to })).id,
        async check(operation) {
          expect(operation).toMatchObject(completed);
          expect(await shop.query(count)).toEqual(whole);
          // Back before the gate is closed again: it would hold this way's writes too.
          await scaleTo(from);
        },
      },
      [],
    );
    await scaleTo(to);
  }
  await destroy(shop.id);
});
