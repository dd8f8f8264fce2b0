/** A database of an older Postgres gets a newer one while applications write to it: all of it is there, under the same URLs. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type {
  BackupInfo,
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  OperationInfo,
  QueryResult,
  UpgradeResult,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startWriters } from "../support/steady-writers.ts";
import { waitUntil } from "../support/wait-until.ts";

// The first use of a major downloads it.
vi.setConfig({ testTimeout: 300_000 });

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
});
afterAll(() => postern.close());

const describeIt = ({ id }: { id: string }) => postern.api<DatabaseInfo>("GET", `/v1/databases/${id}`);
const urlsOf = ({ id }: { id: string }) => postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);
const query = async <Row>({ id, token }: CreatedDatabase, sql: string) =>
  (await postern.api<QueryResult<Row>>("POST", `/v1/db/${id}/query`, { sql }, token)).rows;
/** As somebody without any token. */
async function readAsAnyone({ id }: CreatedDatabase, sql: string): Promise<unknown> {
  const answer = await fetch(`${postern.apiUrl()}/v1/db/${id}/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sql }),
  });
  return ((await answer.json()) as QueryResult<unknown>).rows;
}
const upgrade = ({ id }: { id: string }, to: string) =>
  postern.api<OperationInfo>("POST", `/v1/databases/${id}/upgrade`, { to });
const create = (name: string, input: object = { version: "15" }) =>
  postern.api<CreatedDatabase>("POST", "/v1/databases", { name, ...input });

async function ended({ id }: OperationInfo): Promise<OperationInfo> {
  let operation: OperationInfo | undefined;
  await waitUntil(
    "the operation has ended",
    async () => {
      operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}`);
      return !["pending", "running"].includes(operation.status);
    },
    240_000,
  );
  return operation!;
}

async function completed<Result>(operation: OperationInfo): Promise<Result> {
  const end = await ended(operation);
  expect(end.error).toBeNull();
  return end.result as Result;
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  return (await client.query(sql).finally(() => client.end())).rows;
}

async function asAdmin(server: string, database: string, sql: string): Promise<Record<string, unknown>[]> {
  const host = `${postern.home}/run/${server}`;
  return ask(`postgres://postern_admin@localhost/${database}?host=${encodeURIComponent(host)}`, sql);
}

const serverOf = async ({ id }: { id: string }) => {
  const rows = await asAdmin("system", "postern", `select instance_id from databases where id = '${id}'`);
  return rows[0]!.instance_id as string;
};

const serverVersion = "select current_setting('server_version_num')::int / 10000 as major";

const schema = (role: string, database: string) => [
  "create table written (id bigint generated always as identity primary key, value bigint, source text)",
  "create table keyless (a int, b text)",
  "insert into keyless select n, 'old' from generate_series(1, 100) n",
  "create sequence counter start 7",
  "select nextval('counter')",
  "create table notes (id int primary key, owner text not null default auth.uid(), body text)",
  "insert into notes values (1, 'ada', 'hers'), (2, 'nobody', 'open')",
  "alter table notes enable row level security",
  "create policy open_notes on notes for select to anon using (owner = 'nobody')",
  "grant select on notes to anon",
  "create function twice(n int) returns int language sql immutable as 'select n * 2'",
  `alter role ${role} in database ${database} set search_path = public, sales`,
];

describe("Postgres 15, where the shared server runs a newer one", () => {
  let database: CreatedDatabase;
  let before: DatabaseUrls;

  it("is had by `--version`, on a server of its own, by every way", async () => {
    database = await postern.json<CreatedDatabase>(["db", "create", "old", "--version", "15"]);
    expect(database).toMatchObject({ class: "db.p1", isolation: "process", status: "ready" });
    expect(database.version).toMatch(/^15\.\d+$/);
    for (const sql of schema(database.user, database.database)) await query(database, sql);
    before = await urlsOf(database);
    expect(await query(database, serverVersion)).toEqual([{ major: 15 }]);
    expect(await ask(before.pooled, serverVersion)).toEqual([{ major: 15 }]);
    expect(await ask(before.direct, serverVersion)).toEqual([{ major: 15 }]);
    const list = await postern.json<DatabaseInfo[]>(["db", "list"]);
    expect(list.find(({ name }) => name === "old")?.version).toBe(database.version);
    await postern.api("PUT", `/v1/databases/${database.id}/client-access`, {});
    expect(await readAsAnyone(database, "select body from notes")).toEqual([{ body: "open" }]);
  });

  it("goes to a newer one under writes: nothing acknowledged is lost, and all URLs stay", async () => {
    const oldServer = await serverOf(database);
    const writers = await startWriters(postern, database);
    await waitUntil("both have written", async () => writers.acknowledged.length > 10);
    const result = await completed<UpgradeResult>(await upgrade(database, "17"));
    const seen = writers.acknowledged.length;
    await waitUntil("both have gone on", async () => writers.acknowledged.length > seen + 10);
    await writers.stop();
    expect(writers.failures).toEqual([]);
    expect(result).toMatchObject({ from: database.version, writes_held: null });
    const values = await query<{ value: string }>(database, "select value from written");
    const there = new Set(values.map(({ value }) => Number(value)));
    expect(writers.acknowledged.filter((value) => !there.has(value))).toEqual([]);
    expect(there.size).toBe(values.length);
    expect(await describeIt(database)).toMatchObject({ status: "ready", healthy: true, version: result.to });
    expect(await urlsOf(database)).toEqual(before);
    expect(await query(database, serverVersion)).toEqual([{ major: 17 }]);
    expect(await ask(before.pooled, serverVersion)).toEqual([{ major: 17 }]);
    expect(await ask(before.direct, `${serverVersion}, current_setting('search_path') as path`)).toEqual([
      { major: 17, path: "public, sales" },
    ]);
    const facts =
      "select count(*)::int as keyless, (select last_value from counter) as counter, twice(21) from keyless";
    expect(await query(database, facts)).toEqual([{ keyless: 100, counter: "7", twice: 42 }]);
    // Row security, rights and client access as they were.
    expect(await readAsAnyone(database, "select body from notes")).toEqual([{ body: "open" }]);
    const next = await query<{ id: string }>(database, "insert into written (value) values (0) returning id");
    expect(Number(next[0]!.id)).toBeGreaterThan(values.length);
    expect(await readdir(join(postern.home, "instances"))).not.toContain(oldServer);
    expect(
      await asAdmin("system", "postern", "select id from instances where kind = 'process'"),
    ).toHaveLength(1);
    expect(await query(database, "select from pg_publication")).toEqual([]);
  });

  it("is kept in a backup, which the newer one takes back", async () => {
    const backups = await postern.api<BackupInfo[]>("GET", `/v1/databases/${database.id}/backups`);
    expect(backups).toHaveLength(1);
    expect(backups[0]).toMatchObject({ kind: "safety", status: "completed", version: database.version });
    await query(database, "drop table keyless");
    const path = `/v1/databases/${database.id}/restore`;
    const input = { backup_id: backups[0]!.id, skip_safety_snapshot: true };
    await completed(await postern.api<OperationInfo>("POST", path, input));
    expect(await query(database, "select count(*)::int as n from keyless")).toEqual([{ n: 100 }]);
  });

  it("is not gone back to, and not upgraded twice", async () => {
    await expect(upgrade(database, "15")).rejects.toMatchObject({ code: "Y2062" });
    await expect(upgrade(database, "17")).rejects.toMatchObject({ code: "Y2061" });
  });
});

describe("refused", () => {
  it("is a major that cannot be had, naming those that can", async () => {
    const plain = await create("plain", {});
    const attempts = [
      () => create("none", { version: "9" }),
      () => upgrade(plain, "99"),
      () => upgrade(plain, "new"),
    ];
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({ code: "Y3009", hint: expect.stringMatching(/17.*15/) });
  });

  it("is a place on the shared server for a database of another major, by class and by isolation", async () => {
    await expect(create("x", { version: "15", isolation: "shared" })).rejects.toMatchObject({
      code: "Y2060",
    });
  });

  it("is an upgrade to a major that lacks an extension, by its name and before anything starts", async () => {
    const database = await create("extended");
    await asAdmin(await serverOf(database), database.database, "create extension old_snapshot");
    await expect(upgrade(database, "17")).rejects.toMatchObject({
      code: "Y2064",
      detail: "Missing: old_snapshot.",
    });
    await expect(
      postern.api("POST", `/v1/databases/${database.id}/scale`, { class: "db.p1" }),
    ).rejects.toMatchObject({ code: "Y2060", hint: expect.stringContaining("db upgrade") });
  });
});

it("wakes a sleeping database, upgrades it and keeps its port, told by the command", async () => {
  const database = await create("sleepy", { version: "15", class: "db.p2" });
  await query(database, "create table kept as select 1 as a");
  const before = await urlsOf(database);
  await postern.api("POST", `/v1/databases/${database.id}/pause`);
  const end = await postern.run(["db", "upgrade", "sleepy", "--to", "17", "--yes"]);
  expect(end).toMatchObject({ code: 0, stderr: expect.stringMatching(/sleepy runs Postgres 17\.\d+ now/) });
  expect(await urlsOf(database)).toEqual(before);
  expect(await ask(before.direct, "select a from kept")).toEqual([{ a: 1 }]);
  await postern.api("POST", `/v1/databases/${database.id}/pause`);
  expect(await ask(before.direct, serverVersion)).toEqual([{ major: 17 }]);
});
