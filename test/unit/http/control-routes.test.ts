import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { bearer, httpFixture } from "../../support/http-fixture.ts";
import {
  account,
  adminKey,
  backup,
  backupId,
  database,
  databaseId,
  dumpBytes,
  operation,
  operationId,
  token,
} from "../../support/in-memory-services.ts";

const { server, services } = httpFixture();
const { app } = server;

beforeEach(() => {
  services.calls.length = 0;
});
afterAll(() => server.close());

type Method = "GET" | "POST" | "DELETE";
function send(route: string, body?: unknown, headers: Record<string, string> = bearer(adminKey)) {
  const [method, url] = route.split(" ") as [Method, string];
  return app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body as object }) });
}

const admin = { kind: "account", role: "admin" };
const ref = { ref: "shop" };
const file = { name: "001_a.sql", sql: "select 1" };

describe("each route calls its one operation", () => {
  test.each<[string, unknown, number, string, unknown[], unknown]>([
    ["GET /v1/status", undefined, 200, "status.describe", [admin], { status: "ready" }],
    ["GET /v1/whoami", undefined, 200, "accounts.describe", [admin], account],
    [
      "POST /v1/databases",
      { name: "shop", class: "db.p2" },
      201,
      "databases.create",
      [admin, { name: "shop", class: "db.p2", wait: true }],
      { id: databaseId, token, operation_id: operationId },
    ],
    ["POST /v1/databases", undefined, 201, "databases.create", [admin, { wait: true }], { id: databaseId }],
    [
      "POST /v1/databases?wait=false",
      {},
      202,
      "databases.create",
      [admin, { wait: false }],
      { id: databaseId },
    ],
    ["GET /v1/databases", undefined, 200, "databases.list", [admin, { destroyed: false }], [database]],
    [
      "GET /v1/databases?destroyed=true",
      undefined,
      200,
      "databases.list",
      [admin, { destroyed: true }],
      [database],
    ],
    ["GET /v1/databases/shop", undefined, 200, "databases.describe", [admin, ref], database],
    [
      "GET /v1/databases/shop/urls",
      undefined,
      200,
      "databases.describeUrls",
      [admin, ref],
      { pooled: "postgres://pooled" },
    ],
    [
      "DELETE /v1/databases/shop",
      undefined,
      202,
      "databases.destroy",
      [admin, { ...ref, skipSnapshot: false }],
      operation,
    ],
    [
      "DELETE /v1/databases/shop?skip_snapshot=true",
      undefined,
      202,
      "databases.destroy",
      [admin, { ...ref, skipSnapshot: true }],
      operation,
    ],
    ["POST /v1/databases/shop/undelete", undefined, 202, "databases.undelete", [admin, ref], operation],
    [
      "POST /v1/databases/shop/migrations",
      { files: [file] },
      202,
      "migrations.migrate",
      [admin, { ...ref, files: [file] }],
      operation,
    ],
    [
      "POST /v1/databases/shop/migrations/status",
      { files: [file] },
      200,
      "migrations.compare",
      [admin, { ...ref, files: [file] }],
      [],
    ],
    ["GET /v1/databases/shop/migrations", undefined, 200, "migrations.listApplied", [admin, ref], []],
    [
      "POST /v1/databases/shop/backups",
      { retention: "90d" },
      202,
      "backups.create",
      [admin, { ...ref, retention: "90d" }],
      operation,
    ],
    ["POST /v1/databases/shop/backups", undefined, 202, "backups.create", [admin, ref], operation],
    [
      "GET /v1/databases/shop/backups",
      undefined,
      200,
      "backups.list",
      [admin, { ...ref, limit: 50 }],
      [backup],
    ],
    [
      "GET /v1/databases/shop/backups?status=failed&limit=3",
      undefined,
      200,
      "backups.list",
      [admin, { ...ref, status: "failed", limit: 3 }],
      [backup],
    ],
    [`GET /v1/backups/${backupId}`, undefined, 200, "backups.describe", [admin, { id: backupId }], backup],
    [
      `DELETE /v1/backups/${backupId}`,
      undefined,
      202,
      "backups.delete",
      [admin, { id: backupId }],
      operation,
    ],
    [
      "POST /v1/databases/shop/restore",
      { backup_id: backupId, skip_safety_snapshot: true },
      202,
      "backups.restore",
      [admin, { ...ref, backup_id: backupId, skip_safety_snapshot: true }],
      operation,
    ],
    ["GET /v1/operations", undefined, 200, "operations.list", [admin, { limit: 50 }], [operation]],
    [
      "GET /v1/operations?database=shop&limit=7",
      undefined,
      200,
      "operations.list",
      [admin, { database: "shop", limit: 7 }],
      [operation],
    ],
    [
      `GET /v1/operations/${operationId}`,
      undefined,
      200,
      "operations.describe",
      [admin, { id: operationId, waitMs: 0 }],
      operation,
    ],
    [
      `GET /v1/operations/${operationId}?wait=30`,
      undefined,
      200,
      "operations.describe",
      [admin, { id: operationId, waitMs: 30_000 }],
      operation,
    ],
  ])("%s %j answers %i after %s", async (route, body, status, name, args, answer) => {
    const response = await send(route, body);
    expect(response.statusCode).toBe(status);
    expect(services.calls).toMatchObject([{ name, args }]);
    expect(response.json()).toMatchObject(answer as object);
  });

  test("POST /v1/logout revokes the key and answers 204 with no body", async () => {
    const response = await send("POST /v1/logout");
    expect(response.statusCode).toBe(204);
    expect(response.payload).toBe("");
    expect(services.calls).toMatchObject([{ name: "accounts.logOut", args: [{ keyId: "key-1" }] }]);
  });

  test("GET /healthz needs no key", async () => {
    const response = await send("GET /healthz", undefined, {});
    expect(response.json()).toEqual({ status: "ok" });
  });

  test("GET /openapi.json needs no key and is OpenAPI 3.1", async () => {
    const response = await send("GET /openapi.json", undefined, {});
    expect(response.json()).toMatchObject({ openapi: "3.1.0", paths: { "/v1/databases": {} } });
  });

  test("a download carries its length, its name and its checksum", async () => {
    const response = await send(`GET /v1/backups/${backupId}/download`);
    expect(response.rawPayload).toEqual(dumpBytes);
    expect(response.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": String(dumpBytes.length),
      "content-disposition": 'attachment; filename="shop-bkp-01234567.dump"',
      "x-checksum-sha256": backup.checksum,
    });
  });
});

describe("who may call what", () => {
  const forAccounts = [
    "GET /metrics",
    "GET /v1/status",
    "GET /v1/whoami",
    "POST /v1/logout",
    "POST /v1/databases",
    "GET /v1/databases",
    "DELETE /v1/databases/shop",
    "POST /v1/databases/shop/undelete",
    `GET /v1/backups/${backupId}`,
    `DELETE /v1/backups/${backupId}`,
    `GET /v1/backups/${backupId}/download`,
    "GET /v1/operations",
  ];
  const forDatabasesToo = [
    "GET /v1/databases/shop",
    "GET /v1/databases/shop/urls",
    "POST /v1/databases/shop/migrations",
    "POST /v1/databases/shop/migrations/status",
    "GET /v1/databases/shop/migrations",
    "POST /v1/databases/shop/backups",
    "GET /v1/databases/shop/backups",
    "POST /v1/databases/shop/restore",
    `GET /v1/operations/${operationId}`,
    `GET /v1/operations/${operationId}/events`,
  ];
  const bodies: Record<string, object> = {
    "POST /v1/databases/shop/migrations": { files: [] },
    "POST /v1/databases/shop/migrations/status": { files: [] },
    "POST /v1/databases/shop/restore": { backup_id: backupId },
  };

  test.each([...forAccounts, ...forDatabasesToo])("%s without credentials is 401 Y2001", async (route) => {
    const response = await send(route, bodies[route], {});
    expect([response.statusCode, response.json().code]).toEqual([401, "Y2001"]);
    expect(services.calls).toEqual([]);
  });

  test.each([...forAccounts, ...forDatabasesToo])("%s with an unknown key is 401 Y2002", async (route) => {
    const response = await send(route, bodies[route], bearer(`pk_${"0".repeat(64)}`));
    expect([response.statusCode, response.json().code]).toEqual([401, "Y2002"]);
  });

  test.each(forAccounts)("%s with a database's token is 403 Y2003", async (route) => {
    const response = await send(route, bodies[route], bearer(token));
    expect([response.statusCode, response.json().code]).toEqual([403, "Y2003"]);
    expect(services.calls).toEqual([]);
  });

  test.each(forDatabasesToo)("%s with a database's token speaks for that database", async (route) => {
    const response = await send(route, bodies[route], bearer(token));
    expect(response.statusCode).toBeLessThan(300);
    expect(services.calls[0]!.args[0]).toEqual({ kind: "database", databaseId });
  });
});

describe("what is wrong with a request is said plainly", () => {
  test.each([
    ["POST /v1/databases", { class: "db.p9" }, '"class" must be db.p1 or db.p2 or db.p3.'],
    ["POST /v1/databases", { size: 1 }, 'Unknown field "size".'],
    ["POST /v1/login", { username: "ada" }, '"password" is missing.'],
    ["POST /v1/databases/shop/migrations", { files: [{ name: "a.sql" }] }, '"files[0].sql" is missing.'],
    ["POST /v1/databases/shop/migrations", undefined, '"files" is missing.'],
    ["GET /v1/operations?limit=0", undefined, 'Query parameter "limit": must be at least 1.'],
    ["GET /v1/operations?limit=x", undefined, 'Query parameter "limit" must be a number.'],
    [`GET /v1/operations/${operationId}?wait=31`, undefined, 'Query parameter "wait": must be at most 30.'],
    ["GET /v1/databases?destroyed=yes", undefined, 'Query parameter "destroyed" must be true or false.'],
    ["GET /v1/databases/a%00b", undefined, '"ref": must not be empty or have control characters.'],
  ])("%s %j: %s", async (route, body, message) => {
    const response = await send(route, body);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: "Y1001", message });
    expect(services.calls).toEqual([]);
  });

  test.each([
    ["GET /v1/backups/nonsense", undefined, "Y6001"],
    ["POST /v1/databases/shop/restore", { backup_id: "nonsense" }, "Y6001"],
    ["GET /v1/operations/nonsense", undefined, "Y3010"],
    ["GET /v1/databases/nonsense", undefined, "Y3001"],
  ])("%s %j: what cannot exist is 404 %s", async (route, body, code) => {
    const response = await send(route, body);
    expect([response.statusCode, response.json().code]).toEqual([404, code]);
  });
});
