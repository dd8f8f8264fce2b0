/** The direct way and the framework's way of `/sql` must not be told apart. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../support/http-client.ts";
import { httpFixture } from "../../support/http-fixture.ts";
import { databaseId, rightPassword, token } from "../../support/in-memory-services.ts";

const { server, services, observed } = httpFixture();
let port: number;

beforeAll(async () => {
  port = await server.listen();
});
afterAll(() => server.close());

const url = (password: string) => `postgresql://owner:${password}@127.0.0.1/shop`;

const ofTheMoment = new Set(["date", "connection", "keep-alive", "server-timing"]);

interface Question {
  path?: string;
  host?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Once each way: a request that wishes for timings goes the framework's. */
async function both({
  path = "/sql",
  host = "localhost",
  headers = {},
  body = '{"query":"select 1"}',
}: Question) {
  const answers = [];
  const ways: Record<string, string>[] = [{}, { "server-timing": "?1" }];
  for (const way of ways) {
    const {
      status,
      headers: answered,
      text,
    } = await ask({
      port,
      method: "POST",
      path,
      headers: {
        host,
        "neon-connection-string": url(rightPassword),
        "x-request-id": "same",
        ...headers,
        ...way,
      },
      body,
    });
    const kept = Object.entries(answered).filter(([name]) => !ofTheMoment.has(name));
    answers.push({ status, headers: Object.fromEntries(kept), text });
  }
  return answers as [(typeof answers)[0], (typeof answers)[0]];
}

describe("/sql", () => {
  test.each<[string, Question]>([
    ["a query", {}],
    ["a query of a page", { headers: { origin: "https://app.example" } }],
    ["a query at the database's own host", { host: `${databaseId}.localhost` }],
    ["a query below /v1/db", { path: `/v1/db/${databaseId}/sql` }],
    ["a query with the token", { headers: { authorization: `Bearer ${token}` } }],
    [
      "a batch with its mode",
      {
        body: '{"queries":[]}',
        headers: { "neon-batch-isolation-level": "Serializable", "neon-batch-deferrable": "true" },
      },
    ],
    ["a query with the mode of a batch", { headers: { "neon-batch-read-only": "true" } }],
  ])("answers %s the same on both ways", async (_what, question) => {
    const [direct, framework] = await both(question);
    expect(direct.status).toBe(200);
    expect(direct).toEqual(framework);
    expect(direct.headers["access-control-allow-origin"]).toBe("*");
  });

  test.each<[string, number, Question]>([
    ["a wrong password", 400, { headers: { "neon-connection-string": url("wrong") } }],
    ["a wrong token", 400, { headers: { authorization: `Bearer ${"0".repeat(64)}` } }],
    ["odd credentials", 400, { headers: { authorization: "Basic x" } }],
    ["no connection string", 400, { headers: { "neon-connection-string": "" } }],
    ["no JSON", 400, { body: "select 1" }],
    ["nothing", 400, { body: "" }],
    ["bytes that are no text", 400, { body: '{"query": 7}' }],
    ["too much", 413, { body: `{"query":"${"x".repeat(5000)}"}` }],
  ])("refuses %s the same on both ways", async (_what, status, question) => {
    const [direct, framework] = await both(question);
    expect(direct.status).toBe(status);
    expect(direct).toEqual(framework);
    expect(direct.headers["access-control-allow-origin"]).toBe("*");
  });

  test("is observed with the database, and with the code of a refusal", async () => {
    services.calls.length = 0;
    await both({});
    await observed(
      "request",
      (one) => one.route === "/sql" && one.databaseId === databaseId && one.status === 200,
    );
    await both({ headers: { "neon-connection-string": "" } });
    await observed("request", (one) => one.route === "/sql" && one.code === "Y1001" && one.status === 400);
    expect(services.calls.map(({ name }) => name)).toEqual(["query.neon", "query.neon"]);
  });

  test("hands on what was asked for", async () => {
    services.calls.length = 0;
    await both({
      headers: { "neon-raw-text-output": "true", "neon-array-mode": "true" },
      body: '{"query":"select $1","params":["1",null]}',
    });
    for (const { args } of services.calls) {
      expect(args[1]).toEqual({
        isBatch: false,
        isRaw: true,
        begin: "begin",
        queries: [{ sql: "select $1", params: ["1", null], rowsAsArrays: true }],
      });
    }
  });
});
