import type { CreatedDatabase } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { accountInfo, loginResult } from "../../src/http/schemas/account.ts";
import { createdDatabase, databaseInfo, databaseUrls } from "../../src/http/schemas/database.ts";
import { operationInfo } from "../../src/http/schemas/operation.ts";
import { errorBody } from "../../src/http/schemas/respond.ts";
import { daemonStatus } from "../../src/http/schemas/status.ts";
import { type AskDaemon, daemonClient } from "../support/daemon-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
let ask: AskDaemon;
let shop: CreatedDatabase;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  ask = daemonClient(postern);
  shop = (await ask("POST /v1/databases", { body: { name: "shop" } })).body;
});
afterAll(() => postern.close());

/** What is sent is what the OpenAPI document promises, and nothing beside it. */
function expectExactly(schema: z.ZodType, body: unknown): void {
  expect(schema.parse(body)).toEqual(body);
}

const login = { username: "grace", password: "correct horse" };
async function memberKey(username: string): Promise<string> {
  await ask("POST /v1/accounts", { body: { ...login, username } });
  return (await ask("POST /v1/login", { body: { ...login, username }, secret: null })).body.api_key;
}

describe("answers have the documented shape", () => {
  test("GET /v1/status", async () => {
    const { status, body } = await ask("GET /v1/status");
    expect(status).toBe(200);
    expectExactly(daemonStatus, body);
  });

  test("POST /v1/databases", () => {
    expectExactly(createdDatabase, shop);
    expect(shop).toMatchObject({ name: "shop", status: "ready", class: "db.p1", isolation: "shared" });
    expect(shop.id).toMatch(/^db-[0-9a-f]{12}$/);
    expect(shop.token).toMatch(/^[0-9a-f]{64}$/);
    expect(shop.host).toBe(`${shop.id}.localhost:${new URL(postern.apiUrl()).port}`);
  });

  test("GET /v1/databases and /v1/databases/:ref, by id and by name", async () => {
    const list = await ask("GET /v1/databases");
    expect(list.body.map((database: { id: string }) => database.id)).toEqual([shop.id]);
    for (const database of list.body) expectExactly(databaseInfo, database);
    for (const ref of ["shop", shop.id]) {
      const { body } = await ask(`GET /v1/databases/${ref}`);
      expectExactly(databaseInfo, body);
      expect(body).toMatchObject({ id: shop.id, healthy: true });
    }
  });

  test("GET /v1/databases/:ref/urls", async () => {
    const { body } = await ask("GET /v1/databases/shop/urls");
    expectExactly(databaseUrls, body);
    expect(body.pooled).toMatch(/^postgres:\/\//);
  });

  test("GET /v1/operations and one of them, ended", async () => {
    const list = await ask("GET /v1/operations?database=shop");
    for (const operation of list.body) expectExactly(operationInfo, operation);
    const { body } = await ask(`GET /v1/operations/${shop.operation_id}?wait=30`);
    expectExactly(operationInfo, body);
    expect(body).toMatchObject({ kind: "create_database", database_id: shop.id, status: "completed" });
  });

  test("errors, with the request's id in body and header", async () => {
    const { status, headers, body } = await ask("GET /v1/databases/nothing");
    expect(status).toBe(404);
    expectExactly(errorBody, body);
    expect(body).toMatchObject({ code: "Y3001", request_id: headers["x-request-id"] });
  });

  test("accounts and logins", async () => {
    const made = await ask("POST /v1/accounts", { body: login });
    expect(made.status).toBe(201);
    expectExactly(accountInfo, made.body);
    const { body } = await ask("POST /v1/login", { body: login, secret: null });
    expectExactly(loginResult, body);
    const who = await ask("GET /v1/whoami", { secret: body.api_key });
    expect(who.body).toEqual(made.body);
    expect((await ask("POST /v1/logout", { secret: body.api_key })).status).toBe(204);
    expect((await ask("GET /v1/whoami", { secret: body.api_key })).body.code).toBe("Y2002");
  });
});

describe("events of an operation", () => {
  test("run from its acceptance to its end, and say what a look at it says then", async () => {
    const accepted = await ask<CreatedDatabase>("POST /v1/databases?wait=false", {
      body: { name: "watched" },
    });
    expect(accepted.status).toBe(202);
    const path = `/v1/operations/${accepted.body.operation_id}`;
    const { body, headers } = await ask<string>(`GET ${path}/events`);
    expect(headers["content-type"]).toBe("text/event-stream");
    const events = body
      .split("\n\n")
      .filter((event) => event.startsWith("data: "))
      .map((event) => JSON.parse(event.slice("data: ".length)));
    for (const event of events) expectExactly(operationInfo, event);
    expect(events.at(-1)).toEqual((await ask(`GET ${path}`)).body);
    expect(events.at(-1)).toMatchObject({ status: "completed" });
  });
});

describe("who may see what", () => {
  test("a member's databases are its own; others' do not exist for it", async () => {
    const [one, other] = [await memberKey("member_1"), await memberKey("member_2")];
    const { body: mine } = await ask("POST /v1/databases", { body: { name: "mine" }, secret: one });
    expect((await ask("GET /v1/databases", { secret: one })).body).toHaveLength(1);
    expect((await ask("GET /v1/databases", { secret: other })).body).toEqual([]);
    for (const route of [
      `GET /v1/databases/${mine.id}`,
      "GET /v1/databases/mine",
      `GET /v1/databases/${mine.id}/urls`,
      `GET /v1/databases/${mine.id}/migrations`,
      `GET /v1/databases/${mine.id}/backups`,
      `DELETE /v1/databases/${mine.id}`,
      `GET /v1/operations?database=${mine.id}`,
    ]) {
      const { status, body } = await ask(route, { secret: other });
      expect([route, status, body.code]).toEqual([route, 404, "Y3001"]);
    }
    const operation = `GET /v1/operations/${mine.operation_id}`;
    expect((await ask(operation, { secret: other })).body.code).toBe("Y3010");
    expect((await ask(operation, { secret: one })).status).toBe(200);
    expect((await ask(`GET /v1/databases/${mine.id}`)).status).toBe(200);
  });

  test("a member makes no accounts where registration is closed", async () => {
    const member = await memberKey("member_3");
    const body = { username: "stranger", password: "correct horse" };
    expect((await ask("POST /v1/accounts", { body, secret: member })).body.code).toBe("Y2003");
    expect((await ask("POST /v1/accounts", { body, secret: null })).body.code).toBe("Y2001");
  });

  test("a database's token sees that database and no other", async () => {
    const { body: other } = await ask("POST /v1/databases", { body: { name: "other" } });
    expect((await ask("GET /v1/databases/shop", { secret: shop.token })).body.id).toBe(shop.id);
    expect((await ask(`GET /v1/databases/${other.id}`, { secret: shop.token })).body.code).toBe("Y3001");
    expect((await ask(`GET /v1/operations/${other.operation_id}`, { secret: shop.token })).body.code).toBe(
      "Y3010",
    );
    expect((await ask("GET /v1/databases", { secret: shop.token })).body.code).toBe("Y2003");
  });
});

describe("names", () => {
  test("taken ones are 409 Y3002, impossible ones 400 Y3003", async () => {
    const create = (name: string) => ask("POST /v1/databases", { body: { name } });
    const taken = await create("shop");
    expect([taken.status, taken.body.code]).toEqual([409, "Y3002"]);
    const impossible = await create("No Such Name!");
    expect([impossible.status, impossible.body.code]).toEqual([400, "Y3003"]);
  });

  test("of other people are free to use", async () => {
    const secret = await memberKey("member_4");
    expect((await ask("POST /v1/databases", { body: { name: "shop" }, secret })).status).toBe(201);
    expect((await ask("GET /v1/databases/shop", { secret })).body.owner).toBe("member_4");
    // The administrator has a shop too, and means that one.
    expect((await ask("GET /v1/databases/shop")).body.id).toBe(shop.id);
  });
});
