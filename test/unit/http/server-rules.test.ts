import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { PosternError, posternError } from "../../../src/base/error.ts";
import { bearer, httpFixture } from "../../support/http-fixture.ts";
import { adminKey, databaseId, token } from "../../support/in-memory-services.ts";

const { server, services, observations } = httpFixture();
const { app } = server;
const key = bearer(adminKey);

beforeEach(() => {
  services.calls.length = 0;
  observations.length = 0;
});
afterAll(() => server.close());

const post = (url: string, payload: string | Buffer, headers: Record<string, string> = {}) =>
  app.inject({
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...key, ...headers },
    payload,
  });

describe("bodies", () => {
  test.each(["{", '{"name":}', "name=shop", "'", "\uFEFF{}", "{} {}"])("%j is Y1002", async (body) => {
    const response = await post("/v1/databases", body);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: "Y1002", message: "The body is not valid JSON." });
  });

  test("what is not UTF-8 is Y1002, not quietly replaced", async () => {
    const response = await post("/v1/databases", Buffer.from([0x22, 0xff, 0xfe, 0x22]));
    expect(response.json()).toMatchObject({ code: "Y1002", message: "The body is not valid UTF-8." });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "nonsense"])(
    "content type %s is Y1003",
    async (type) => {
      const response = await post("/v1/databases", "{}", { "content-type": type });
      expect(response.statusCode).toBe(400);
      expect(response.json()).toMatchObject({ code: "Y1003" });
    },
  );

  test.each(["application/json; charset=utf-8", "Application/JSON"])(
    "content type %s is taken",
    async (type) => {
      expect((await post("/v1/databases", "{}", { "content-type": type })).statusCode).toBe(201);
    },
  );

  test("over 1 MiB is 413 Y1004 on the control plane", async () => {
    const response = await post("/v1/databases", `{"name":"${"x".repeat(1024 * 1024)}"}`);
    expect(response.statusCode).toBe(413);
    expect(response.json()).toMatchObject({ code: "Y1004" });
  });

  test("over the configured limit is 413 Y1004 on the data plane", async () => {
    const body = (length: number) => JSON.stringify({ sql: "x".repeat(length - '{"sql":""}'.length) });
    const url = `/v1/db/${databaseId}/query`;
    expect((await post(url, body(4096), bearer(token))).statusCode).toBe(200);
    expect((await post(url, body(4097), bearer(token))).json()).toMatchObject({ code: "Y1004" });
  });

  test("of 30 MiB is taken for migrations, of 33 MiB is not", async () => {
    const body = (mebibytes: number) =>
      JSON.stringify({ files: [{ name: "a.sql", sql: "x".repeat(mebibytes * 1024 * 1024) }] });
    expect((await post("/v1/databases/shop/migrations", body(30))).statusCode).toBe(202);
    expect((await post("/v1/databases/shop/migrations", body(33))).statusCode).toBe(413);
  });
});

describe("paths and methods", () => {
  test.each([
    "/",
    "/nothing",
    "/v3",
    "/v1/databases/a/b/c",
    "/query",
    "/v1/db/x",
    "//v1/status",
    "/v1/status/",
  ])("%s is 404 Y1005", async (url) => {
    const response = await app.inject({ url, headers: key });
    expect([response.statusCode, response.json().code]).toEqual([404, "Y1005"]);
  });

  test.each([
    ["PUT", "/v1/databases", "POST, GET"],
    ["GET", "/v1/login", "POST"],
    ["GET", `/v1/db/${databaseId}/query`, "POST"],
    ["OPTIONS", "/v1/status", "GET"],
    ["HEAD", "/v1/databases/shop", "GET, DELETE"],
  ] as const)("%s %s is 405 Y1005 and says what does work", async (method, url, allow) => {
    const response = await app.inject({ method, url, headers: key });
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe(allow);
    if (method !== "HEAD") expect(response.json()).toMatchObject({ code: "Y1005" });
  });

  test("a path that cannot be decoded is Y1001", async () => {
    const response = await app.inject({ url: "/v1/databases/%zz", headers: key });
    expect([response.statusCode, response.json().code]).toEqual([400, "Y1001"]);
    expect(response.headers["x-request-id"]).toBe(response.json().request_id);
    expect(response.headers["x-content-type-options"]).toBe("nosniff");
  });

  test("a path of absurd length is 404 Y1005", async () => {
    const response = await app.inject({ url: `/v1/databases/${"x".repeat(5000)}`, headers: key });
    expect([response.statusCode, response.json().code]).toEqual([404, "Y1005"]);
  });
});

describe("hosts", () => {
  test.each(["localhost", "LOCALHOST:5480", "127.0.0.1:5480", "127.1.2.3", "[::1]:5480", "localhost."])(
    "the control plane is served at %s",
    async (host) => {
      expect((await app.inject({ url: "/v1/status", headers: { ...key, host } })).statusCode).toBe(200);
    },
  );

  test.each([
    "evil.example",
    "localhost.evil.example",
    "evil.localhost",
    "127.0.0.1.evil.example",
    "xlocalhost",
    "localhost:5480:1",
    "db-0123456789ab.evil.example",
    "db-0123.localhost",
    "localhost, evil.example",
    "10.0.0.1",
  ])("the control plane is not served at %s, whatever the key", async (host) => {
    const response = await app.inject({ url: "/v1/status", headers: { ...key, host } });
    expect([response.statusCode, response.json().code]).toEqual([404, "Y1005"]);
    expect(services.calls).toEqual([]);
  });

  test("the control plane is served at the domain of the databases", async () => {
    const other = httpFixture({ domain: "db.example.org" });
    const status = async (host: string) =>
      (await other.server.app.inject({ url: "/v1/status", headers: { ...key, host } })).statusCode;
    expect(await status("db.example.org")).toBe(200);
    expect(await status("dbxexample.org")).toBe(404);
    await other.server.close();
  });

  test("off loopback, the control plane is served at its address and its further names, and at no other", async () => {
    const other = httpFixture({ listen: "10.1.2.3", hosts: ["postern.example.org", "2001:db8::7"] });
    const status = async (host: string) =>
      (await other.server.app.inject({ url: "/v1/status", headers: { ...key, host } })).statusCode;
    for (const host of ["10.1.2.3:5480", "postern.example.org", "[2001:db8::7]:5480", "localhost"]) {
      expect([host, await status(host)]).toEqual([host, 200]);
    }
    for (const host of ["10.1.2.4", "x.postern.example.org", "posternxexample.org", "evil.example"]) {
      expect([host, await status(host)]).toEqual([host, 404]);
    }
    await other.server.close();
  });

  test.each(["/v1/status", "/healthz", "/openapi.json", "/v1/databases", `/v1/databases/${databaseId}`])(
    "a database's host does not serve %s",
    async (url) => {
      const host = `${databaseId}.localhost:5480`;
      const response = await app.inject({ url, headers: { ...key, host } });
      expect([response.statusCode, response.json().code]).toEqual([404, "Y1005"]);
    },
  );
});

describe("request ids", () => {
  test.each(["a", "0.9:A-z_", "x".repeat(128)])("%s is taken", async (id) => {
    const response = await app.inject({ url: "/healthz", headers: { "x-request-id": id } });
    expect(response.headers["x-request-id"]).toBe(id);
  });

  test.each(["", "a b", "x".repeat(129), "a\tb", "é", '"<script>"'])("%j is replaced", async (id) => {
    const response = await app.inject({ url: "/healthz", headers: { "x-request-id": id } });
    expect(response.headers["x-request-id"]).toMatch(/^req-[0-9a-f-]{36}$/);
  });

  test("stand in errors, with and without one given", async () => {
    const given = await app.inject({ url: "/nothing", headers: { "x-request-id": "mine" } });
    expect(given.json().request_id).toBe("mine");
    const made = await app.inject({ url: "/nothing" });
    expect(made.json().request_id).toBe(made.headers["x-request-id"]);
  });
});

describe("errors", () => {
  const failWith = async (error: unknown) => {
    const { describe: original } = services.status;
    services.status.describe = async () => {
      throw error;
    };
    try {
      return await app.inject({ url: "/v1/status", headers: { ...key, "x-request-id": "mine" } });
    } finally {
      services.status.describe = original;
    }
  };

  test("of Postern's table keep what they say, with the status of the table", async () => {
    const response = await failWith(
      posternError("Y3004", "Not ready.", { detail: "It restores.", hint: "Wait." }),
    );
    expect(response.statusCode).toBe(409);
    expect(response.json()).toEqual({
      code: "Y3004",
      message: "Not ready.",
      detail: "It restores.",
      hint: "Wait.",
      request_id: "mine",
    });
  });

  test("of Postgres keep their SQLSTATE, position and statement, with status 400", async () => {
    const response = await failWith(
      new PosternError("42703", 'column "a" does not exist', { position: 8, statementIndex: 1 }),
    );
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: "42703", position: 8, statement_index: 1 });
  });

  test("that mean 'not now' carry retry-after", async () => {
    const response = await failWith(posternError("Y4004", "Too busy."));
    expect([response.statusCode, response.headers["retry-after"]]).toEqual([503, "1"]);
  });

  test.each([
    new Error("secret at /var/lib/postern"),
    posternError("Y9001", "secret", { detail: "secret" }),
    Object.assign(new Error("secret"), { code: "ECONNREFUSED" }),
    Object.assign(new Error("secret"), { statusCode: 418 }),
    "secret",
  ])("that nobody expected are Y9001, logged and not shown: %s", async (error) => {
    const response = await failWith(error);
    expect(response.statusCode).toBe(500);
    expect(response.json()).toMatchObject({ code: "Y9001", request_id: "mine" });
    expect(response.payload).not.toMatch(/secret|stack|at \//);
    expect(observations).toContainEqual({ type: "fault", where: "GET /v1/status", error });
  });
});

test("every answer says that it is data: no sniffing, framing, caching or referring", async () => {
  for (const url of ["/healthz", "/nothing", "/v1/status"]) {
    const { headers } = await app.inject({ url });
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
    });
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
});
