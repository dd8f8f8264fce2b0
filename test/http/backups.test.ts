import { createHash } from "node:crypto";
import type { BackupInfo, CreatedDatabase, OperationInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backupInfo } from "../../src/http/schemas/backup.ts";
import { operationInfo } from "../../src/http/schemas/operation.ts";
import { type AskDaemon, daemonClient } from "../support/daemon-client.ts";
import { open } from "../support/http-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
let ask: AskDaemon;
let shop: CreatedDatabase;
let backup: BackupInfo;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  ask = daemonClient(postern);
  shop = (await ask("POST /v1/databases", { body: { name: "shop" } })).body;
  await execute("create table items as select 1 as id");
});
afterAll(() => postern.close());

const execute = (sql: string) => ask("POST /execute", { body: { sql }, host: shop.host, secret: shop.token });
const items = async () =>
  (
    await ask("POST /query?rows=array", {
      body: { sql: "select id from items" },
      host: shop.host,
      secret: shop.token,
    })
  ).body.rows;

/** Sends what is long work, and resolves with its end. */
async function work(route: string, body?: unknown): Promise<OperationInfo> {
  const accepted = await ask<OperationInfo>(route, { body, secret: shop.token });
  expect(accepted.status).toBe(202);
  const ended = await ask<OperationInfo>(`GET /v1/operations/${accepted.body.id}?wait=30`, {
    secret: shop.token,
  });
  expect(operationInfo.parse(ended.body)).toEqual(ended.body);
  expect(ended.body).toMatchObject({ status: "completed", error: null });
  return ended.body;
}

test("a backup is made with the database's own token, and listed and shown in the documented shape", async () => {
  await work("POST /v1/databases/shop/backups", { retention: "90d" });
  const list = await ask<BackupInfo[]>("GET /v1/databases/shop/backups?status=completed", {
    secret: shop.token,
  });
  expect(list.body).toHaveLength(1);
  [backup] = list.body as [BackupInfo];
  expect(backupInfo.parse(backup)).toEqual(backup);
  expect(backup).toMatchObject({ kind: "manual", status: "completed", database_id: shop.id });
  expect((await ask(`GET /v1/backups/${backup.id}`)).body).toEqual(backup);
});

test("a download is the whole file, with its length, checksum and name", async () => {
  const response = await open({
    port: Number(new URL(postern.apiUrl()).port),
    path: `/v1/backups/${backup.id}/download`,
    headers: { authorization: `Bearer ${postern.apiKey()}` },
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const file = Buffer.concat(chunks);
  expect(file.subarray(0, 5).toString()).toBe("PGDMP");
  expect(file.length).toBe(backup.size_bytes);
  expect(response.headers).toMatchObject({
    "content-length": String(file.length),
    "x-checksum-sha256": createHash("sha256").update(file).digest("hex"),
    "content-disposition": expect.stringMatching(/^attachment; filename="[\w.-]+"$/),
  });
  expect(backup.checksum).toBe(response.headers["x-checksum-sha256"]);
});

test("a restore brings the data back, and keeps what was there as a safety backup", async () => {
  await execute("update items set id = 2");
  await work("POST /v1/databases/shop/restore", { backup_id: backup.id });
  expect(await items()).toEqual([[1]]);
  const { body } = await ask<BackupInfo[]>("GET /v1/databases/shop/backups");
  expect(body.map(({ kind }) => kind).sort()).toEqual(["manual", "safety"]);
});

test("another account neither sees, downloads, restores nor deletes it", async () => {
  const login = { username: "grace", password: "correct horse" };
  await ask("POST /v1/accounts", { body: login });
  const secret = (await ask("POST /v1/login", { body: login, secret: null })).body.api_key;
  for (const route of ["GET", "DELETE"].map((method) => `${method} /v1/backups/${backup.id}`)) {
    expect([route, (await ask(route, { secret })).body.code]).toEqual([route, "Y6001"]);
  }
  expect((await ask(`GET /v1/backups/${backup.id}/download`, { secret })).body.code).toBe("Y6001");
  const { body: own } = await ask("POST /v1/databases", { body: { name: "own" }, secret });
  const stolen = await ask(`POST /v1/databases/${own.id}/restore`, {
    body: { backup_id: backup.id },
    secret,
  });
  expect([stolen.status, stolen.body.code]).toEqual([404, "Y6001"]);
});

test("a deleted backup is gone", async () => {
  const accepted = await ask<OperationInfo>(`DELETE /v1/backups/${backup.id}`);
  expect(accepted.status).toBe(202);
  const ended = await ask<OperationInfo>(`GET /v1/operations/${accepted.body.id}?wait=30`);
  expect(ended.body.status).toBe("completed");
  expect((await ask(`GET /v1/backups/${backup.id}`)).body.code).toBe("Y6001");
});
