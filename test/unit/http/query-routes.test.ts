import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { bearer, httpFixture } from "../../support/http-fixture.ts";
import { adminKey, databaseId, token } from "../../support/in-memory-services.ts";

const { server, services } = httpFixture();
const { app } = server;
const host = `${databaseId}.localhost:5480`;

beforeEach(() => {
  services.calls.length = 0;
});
afterAll(() => server.close());

function post(url: string, payload: unknown, headers: Record<string, string> = {}) {
  return app.inject({
    method: "POST",
    url,
    headers: { host, "content-type": "application/json", ...bearer(token), ...headers },
    payload: typeof payload === "string" || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
  });
}

describe("the data plane", () => {
  test.each(["query", "execute"])("runs /%s at the database's own host", async (route) => {
    const response = await post(`/${route}`, { sql: "select $1", params: [1, null, { a: [true] }] });
    expect(response.statusCode).toBe(200);
    expect(services.calls).toMatchObject([
      {
        name: `query.${route}`,
        args: [
          { kind: "database", databaseId },
          { sql: "select $1", params: [1, null, { a: [true] }] },
          { rowsAsArrays: false },
        ],
      },
    ]);
  });

  test("runs /transaction with all that it can carry", async () => {
    const input = {
      statements: [{ sql: "select 1" }, { sql: "select $1", params: ["a"] }],
      isolation_level: "serializable",
      read_only: true,
      deferrable: true,
    };
    const response = await post("/transaction", input);
    expect(response.json()).toEqual({ input, rowsAsArrays: false });
  });

  test.each(["localhost:5480", "example.com", host])(
    "is reached below /v1/db/<id> on host %s",
    async (name) => {
      const response = await post(`/v1/db/${databaseId}/query`, { sql: "select 1" }, { host: name });
      expect(response.statusCode).toBe(200);
    },
  );

  test("takes the database's host in any case and with a final dot", async () => {
    const response = await post(
      "/query",
      { sql: "select 1" },
      { host: `${databaseId.toUpperCase()}.LocalHost.` },
    );
    expect(response.statusCode).toBe(200);
  });

  test("answers with the bytes of the query as they are, with their length", async () => {
    const response = await post("/query", { sql: "select 'é'" });
    expect(response.rawPayload.toString()).toBe(
      JSON.stringify({ input: { sql: "select 'é'" }, rowsAsArrays: false }),
    );
    expect(response.headers["content-length"]).toBe(String(response.rawPayload.length));
    expect(response.headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  test("gives rows as arrays on request", async () => {
    const response = await post("/query?rows=array", { sql: "select 1" });
    expect(response.json()).toMatchObject({ rowsAsArrays: true });
  });

  test("refuses another form of rows with Y1001", async () => {
    const response = await post("/query?rows=csv", { sql: "select 1" });
    expect(response.json()).toMatchObject({
      code: "Y1001",
      message: 'Query parameter "rows" must be object or array.',
    });
  });

  test.each([
    [{}, '"sql" is missing.'],
    [{ sql: 1 }, '"sql" must be a string.'],
    [{ sql: "select 1", params: "a" }, '"params" must be an array.'],
    [{ sql: "select 1", parms: [] }, 'Unknown field "parms".'],
    [[], "The body must be a JSON object."],
    ["null", '"sql" is missing.'],
  ])("refuses the body %j with Y1001", async (body, message) => {
    const response = await post("/query", body);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: "Y1001", message });
    expect(services.calls).toEqual([]);
  });

  test("names the wrong field inside a batch", async () => {
    const response = await post("/transaction", {
      statements: [{ sql: "select 1" }, { sql: null }],
      read_only: 1,
    });
    expect(response.json()).toMatchObject({
      code: "Y1001",
      message: '"statements[1].sql" must be a string.',
      detail: '"read_only" must be a boolean.',
    });
  });

  test.each(["/query", "/execute", "/transaction"])(
    "%s without a body is refused with Y1001",
    async (url) => {
      const response = await app.inject({ method: "POST", url, headers: { host, ...bearer(token) } });
      expect(response.json()).toMatchObject({ code: "Y1001" });
    },
  );

  test("tells the stages of a request on request only", async () => {
    const asked = await post("/query", { sql: "select 1" }, { "server-timing": "?1" });
    expect(asked.headers["server-timing"]).toMatch(
      /^auth;dur=\d+\.\d{3}, read;dur=\d+\.\d{3}, query;dur=\d+\.\d{3}$/,
    );
    const silent = await post("/query", { sql: "select 1" });
    expect(silent.headers["server-timing"]).toBeUndefined();
  });
});

describe("credentials of the data plane", () => {
  const bodyOf = async (url: string, headers: Record<string, string>) => {
    const response = await post(url, { sql: "select 1" }, { "x-request-id": "same", ...headers });
    return { status: response.statusCode, body: response.json() };
  };

  test("are required: without them the answer is 401 Y2001", async () => {
    const response = await app.inject({
      method: "POST",
      url: "/query",
      headers: { host, "content-type": "application/json" },
      payload: "{}",
    });
    expect(response.statusCode).toBe(401);
    expect(response.headers["www-authenticate"]).toBe("Bearer");
    expect(response.json()).toMatchObject({ code: "Y2001" });
  });

  test("an unknown database and a wrong token get the same answer", async () => {
    const wrong = await bodyOf("/query", bearer("d".repeat(64)));
    const unknown = await bodyOf("/query", { host: "db-ffffffffffff.localhost" });
    expect(wrong).toEqual(unknown);
    expect(wrong).toMatchObject({ status: 401, body: { code: "Y2002" } });
  });

  test.each([
    "Basic dXNlcjpwYXNz",
    "Bearer",
    "Bearer ",
    `Bearer ${token} ${token}`,
    token,
    `Bearer: ${token}`,
  ])("a malformed header %j is Y2002, never taken for none", async (authorization) => {
    expect(await bodyOf("/query", { authorization })).toMatchObject({ status: 401, body: { code: "Y2002" } });
  });

  test("a token in the URL or in a cookie counts for nothing", async () => {
    const response = await app.inject({
      method: "POST",
      url: `/query?token=${token}&authorization=Bearer%20${token}`,
      headers: { host, "content-type": "application/json", cookie: `token=${token}` },
      payload: '{"sql":"select 1"}',
    });
    expect(response.json()).toMatchObject({ code: "Y2001" });
  });

  test("an API key does not open a database", async () => {
    expect(await bodyOf("/query", bearer(adminKey))).toMatchObject({ body: { code: "Y2002" } });
  });

  test("are looked at before the body is", async () => {
    const response = await post("/query", "{broken", bearer("d".repeat(64)));
    expect(response.json()).toMatchObject({ code: "Y2002" });
  });
});
