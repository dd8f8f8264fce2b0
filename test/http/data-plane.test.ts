import type { CreatedDatabase } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AskDaemon, daemonClient } from "../support/daemon-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let ask: AskDaemon;
let shop: CreatedDatabase;
let directUrl: string;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  ask = daemonClient(postern);
  shop = (await ask("POST /v1/databases", { body: { name: "shop" } })).body;
  directUrl = (await ask("GET /v1/databases/shop/urls")).body.direct;
  await sql("/execute", "create table items (id int primary key, name text unique)");
});
afterAll(() => postern.close());

const sql = (path: string, text: string, ...params: unknown[]) =>
  ask(`POST ${path}`, { body: { sql: text, params }, host: shop.host, secret: shop.token });
const transaction = (...statements: string[]) =>
  ask("POST /transaction", {
    body: { statements: statements.map((text) => ({ sql: text })) },
    host: shop.host,
    secret: shop.token,
  });

describe("SQL over HTTP", () => {
  test("answers /query with rows, fields and their number", async () => {
    const { status, body } = await sql("/query", "select $1::int as n, null as nothing, 'é' as text", 7);
    expect(status).toBe(200);
    expect(body).toEqual({
      rows: [{ n: 7, nothing: null, text: "é" }],
      fields: [
        { name: "n", type_oid: 23, type: "int4" },
        { name: "nothing", type_oid: 25, type: "text" },
        { name: "text", type_oid: 25, type: "text" },
      ],
      row_count: 1,
    });
  });

  test("answers /execute with the number of rows, and with RETURNING also the rows", async () => {
    const plain = await sql("/execute", "insert into items values (1, 'one'), (2, 'two')");
    expect(plain.body).toEqual({ rows_affected: 2 });
    const returning = await sql("/execute", "update items set name = 'uno' where id = 1 returning id");
    expect(returning.body).toMatchObject({ rows_affected: 1, rows: [{ id: 1 }] });
  });

  test("is the same below /v1/db/<id>/ on the API's address", async () => {
    const { body } = await ask(`POST /v1/db/${shop.id}/query?rows=array`, {
      body: { sql: "select 1, 2" },
      secret: shop.token,
    });
    expect(body.rows).toEqual([[1, 2]]);
  });

  test("commits a /transaction whole", async () => {
    const { body } = await transaction(
      "insert into items values (10, 'ten')",
      "select count(*)::int as n from items",
    );
    expect(body.results).toMatchObject([{ rows_affected: 1 }, { rows: [{ n: expect.any(Number) }] }]);
  });

  test("rolls a /transaction back whole, and says which statement failed", async () => {
    const { status, body } = await transaction(
      "insert into items values (20, 'twenty')",
      "insert into items values (20, 'again')",
    );
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "23505", statement_index: 1 });
    expect((await sql("/query", "select from items where id = 20")).body.row_count).toBe(0);
  });

  test("tells Postgres's errors with SQLSTATE, position and the request's id", async () => {
    const { status, headers, body } = await sql("/query", "select nme from items");
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: "42703", position: 8, request_id: headers["x-request-id"] });
  });

  test.each([
    ["two statements", "select 1; select 2"],
    ["no statement", "-- nothing"],
    ["a BEGIN", "begin"],
    ["NUL", "select 'a\u0000b'"],
    ["COPY", "copy items to stdout"],
  ])("refuses %s with 400 and leaves the session fit for the next", async (_what, text) => {
    const { status, body } = await sql("/query", text);
    expect([status, typeof body.code]).toEqual([400, "string"]);
    expect((await sql("/query", "select 1 as one")).body.rows).toEqual([{ one: 1 }]);
  });

  test("passes no session state from one request to the next", async () => {
    await sql("/execute", "set application_name = 'left behind'");
    await sql("/execute", "create temporary table left_behind ()");
    const { body } = await sql(
      "/query",
      "select current_setting('application_name') as name, to_regclass('pg_temp.left_behind') as temp",
    );
    expect(body.rows[0].name).not.toBe("left behind");
    expect(body.rows[0].temp).toBeNull();
  });

  test("refuses a body over 10 MiB with 413 Y1004", async () => {
    const { status, body } = await sql("/query", "select 1", "x".repeat(10 * 1024 * 1024));
    expect([status, body.code]).toEqual([413, "Y1004"]);
  });

  test("refuses an answer over 64 MiB with 507 Y1008, and lives on", async () => {
    const { status, body } = await sql("/query", "select repeat('x', 1000000) from generate_series(1, 80)");
    expect([status, body.code]).toEqual([507, "Y1008"]);
    expect((await sql("/query", "select 1")).status).toBe(200);
  });
});

describe("a client that goes away", () => {
  test("takes its statement with it", async () => {
    const client = new pg.Client({ connectionString: directUrl });
    await client.connect();
    const marker = "select pg_sleep(120) -- given up";
    const isRunning = async () => {
      const { rows } = await client.query(
        "select from pg_stat_activity where query like '%given up' and state = 'active' and pid <> pg_backend_pid()",
      );
      return rows.length > 0;
    };
    try {
      const leave = new AbortController();
      const asked = ask("POST /query", {
        body: { sql: marker },
        host: shop.host,
        secret: shop.token,
        signal: leave.signal,
      });
      const left = expect(asked).rejects.toThrow("aborted");
      await waitUntil("the statement runs", isRunning);
      leave.abort();
      await left;
      await waitUntil("the statement ends", async () => !(await isRunning()), 10_000);
    } finally {
      await client.end();
    }
  });
});

describe("tokens", () => {
  test("of another database, unknown ones and unknown databases are one and the same 401", async () => {
    const { body: other } = await ask("POST /v1/databases", { body: { name: "other" } });
    const question = { body: { sql: "select 1" } };
    const answers = [
      await ask("POST /query", { ...question, host: other.host, secret: shop.token }),
      await ask("POST /query", { ...question, host: shop.host, secret: "0".repeat(64) }),
      await ask("POST /query", { ...question, host: "db-ffffffffffff.localhost", secret: shop.token }),
      await ask("POST /v1/db/nonsense/query", { ...question, secret: shop.token }),
    ].map(({ status, body: { request_id: _id, ...body } }) => ({ status, body }));
    expect(answers[0]).toMatchObject({ status: 401, body: { code: "Y2002" } });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test("are needed: without one the answer is 401 Y2001", async () => {
    const { status, body } = await ask("POST /query", {
      body: { sql: "select 1" },
      host: shop.host,
      secret: null,
    });
    expect([status, body.code]).toEqual([401, "Y2001"]);
  });
});

describe("the host of a database", () => {
  test("does not serve the control plane", async () => {
    const { status, body } = await ask("GET /v1/databases", { host: shop.host });
    expect([status, body.code]).toEqual([404, "Y1005"]);
  });

  test("that is none of ours gets no control plane, whatever the key", async () => {
    const { status, body } = await ask("GET /v1/databases", { host: "evil.example" });
    expect([status, body.code]).toEqual([404, "Y1005"]);
  });
});
