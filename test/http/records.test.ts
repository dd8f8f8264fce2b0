/** Structured queries and the log of changes, by the real daemon: the documents' examples as they stand, and what must not happen. */

import { createClient } from "@postern/sdk/client";
import type { CreatedDatabase, JsonValue, QueryResult, RecordQuery } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startTestIssuer, type TestIssuer } from "../support/test-issuer.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let issuer: TestIssuer;
let database: CreatedDatabase;

beforeAll(async () => {
  [postern, issuer] = await Promise.all([
    createPosternHome({ POSTERN_REQUEST_IDLE: "4" }),
    startTestIssuer(),
  ]);
  await postern.start();
  database = await postern.api("POST", "/v1/databases", { name: "flux" });
  await postern.api("PUT", `/v1/databases/${database.id}/client-access`, {
    issuer: issuer.url,
    audience: "app",
  });
  for (const sql of schema) await query(sql);
});
afterAll(async () => {
  await postern.close();
  await issuer.close();
});

const schema = [
  // As document 4 prints it.
  `CREATE TABLE IF NOT EXISTS todos (
     id UUID DEFAULT gen_random_uuid() PRIMARY KEY,
     title TEXT NOT NULL,
     done BOOLEAN DEFAULT FALSE,
     user_id TEXT,
     created_at TIMESTAMPTZ DEFAULT now()
   )`,
  "create table users (id int primary key, email text unique, plan text, check (plan <> 'bad'))",
  "create type mood as enum ('good', 'bad')",
  "create schema app",
  `create table app."we""ird.ta'ble" ("co lumn" text primary key, "select" int)`,
  `create table everything (
     a int, b text, data jsonb, tags text[], objects jsonb[], mood mood, price numeric, twice int generated always as (a * 2) stored,
     number int generated always as identity, primary key (a, b))`,
  "create table nameless (a int, b int)",
  "create view view_of_users as select * from users",
  `create table notes (id int generated always as identity primary key, user_id text default auth.uid(), body text)`,
  "alter table notes enable row level security",
  "create policy own on notes to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))",
  "grant select, insert, update, delete on notes to authenticated",
  "create table posts (id int primary key, title text)",
  "insert into posts values (1, 'hello')",
  "grant select, insert on posts to anon",
];

interface Call {
  secret?: string | null;
  headers?: Record<string, string>;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  { secret = database.token, headers = {} }: Call = {},
) {
  const answer = await fetch(`${postern.apiUrl()}/v1/db/${database.id}/${path}`, {
    method,
    headers: {
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()), headers: answer.headers };
}

/** The rows, or the error's code. */
async function records(body: RecordQuery, options?: Call): Promise<Record<string, JsonValue>[]> {
  const answer = await call("POST", "records", body, options);
  if (answer.status !== 200) throw Object.assign(new Error(JSON.stringify(answer.body)), answer.body);
  return answer.body;
}

const query = async (sql: string, params: JsonValue[] = []) =>
  (await postern.api<QueryResult>("POST", `/v1/db/${database.id}/query`, { sql, params }, database.token))
    .rows;

const logOf = (table: string) =>
  query(
    "select row_id, operation, old, new, changed, request_id, actor, rolled_back from postern.state_mutations where table_name = $1 order by at",
    [table],
  );

describe("the document's examples", () => {
  it("insert, select, update and delete answer rows", async () => {
    const [todo] = await records({
      table: "todos",
      operation: "insert",
      data: { title: "write", done: false, user_id: "ada" },
    });
    expect(todo).toMatchObject({ title: "write", done: false, user_id: "ada" });
    const todos = await records({
      table: "todos",
      operation: "select",
      filters: [{ column: "done", op: "eq", value: false }],
      columns: ["id", "title", "created_at"],
      limit: 50,
    });
    expect(todos).toEqual([{ id: todo!.id, title: "write", created_at: todo!.created_at }]);
    const filters = [{ column: "id", op: "eq" as const, value: todo!.id! }];
    expect(await records({ table: "todos", operation: "update", filters, data: { done: true } })).toEqual([
      { ...todo, done: true },
    ]);
    expect(await records({ table: "todos", operation: "delete", filters })).toHaveLength(1);
    expect(await records({ table: "todos", operation: "select" })).toEqual([]);
    expect((await logOf("todos")).map(({ operation, row_id }) => [operation, row_id])).toEqual([
      ["INSERT", todo!.id],
      ["UPDATE", todo!.id],
      ["DELETE", todo!.id],
    ]);
  });

  it("each write leaves what was and what is, under the request's id; an attempt that fails is kept and marked", async () => {
    const table = "users";
    const filters = [{ column: "id", op: "eq" as const, value: 42 }];
    const as = (id: string) => ({ headers: { "x-request-id": id } });
    await records(
      { table, operation: "insert", data: { id: 42, email: "a@b.com", plan: "free" } },
      as("1a2b3c4d"),
    );
    await records({ table, operation: "update", filters, data: { plan: "pro" } }, as("4f9a3b2c"));
    await expect(
      records({ table, operation: "update", filters, data: { plan: "bad" } }, as("550e8400")),
    ).rejects.toMatchObject({ code: "23514", request_id: "550e8400" });
    const row = { id: 42, email: "a@b.com" };
    expect(await logOf(table)).toEqual([
      {
        row_id: "42",
        operation: "INSERT",
        old: null,
        new: { ...row, plan: "free" },
        changed: null,
        request_id: "1a2b3c4d",
        actor: "owner",
        rolled_back: false,
      },
      {
        row_id: "42",
        operation: "UPDATE",
        old: { ...row, plan: "free" },
        new: { ...row, plan: "pro" },
        changed: ["plan"],
        request_id: "4f9a3b2c",
        actor: "owner",
        rolled_back: false,
      },
      {
        row_id: "42",
        operation: "UPDATE",
        old: { ...row, plan: "pro" },
        new: { plan: "bad" },
        changed: ["plan"],
        request_id: "550e8400",
        actor: "owner",
        rolled_back: true,
      },
    ]);
  });
});

describe("a structured query", () => {
  it("knows all operators", async () => {
    await records({
      table: "everything",
      operation: "insert",
      data: [1, 2, 3].map((a) => ({ a, b: `b${a}`, mood: a === 1 ? "good" : null, price: `${a}.50` })),
    });
    const found = async (op: string, column: string, value?: JsonValue) =>
      (
        await records({
          table: "everything",
          operation: "select",
          filters: [{ column, op, value } as never],
          columns: ["a"],
          order: [{ column: "a" }],
        })
      ).map(({ a }) => a);
    expect(await found("eq", "a", 2)).toEqual([2]);
    expect(await found("neq", "a", 2)).toEqual([1, 3]);
    expect(await found("gt", "price", "1.50")).toEqual([2, 3]);
    expect(await found("lt", "a", 2)).toEqual([1]);
    expect(await found("gte", "a", 2)).toEqual([2, 3]);
    expect(await found("lte", "a", 2)).toEqual([1, 2]);
    expect(await found("like", "b", "%3")).toEqual([3]);
    expect(await found("like", "mood", "go%")).toEqual([1]);
    expect(await found("in", "b", ["b1", "b3", null])).toEqual([1, 3]);
    expect(await found("in", "mood", ["good"])).toEqual([1]);
    expect(await found("in", "a", [])).toEqual([]);
    expect(await found("is_null", "mood")).toEqual([2, 3]);
    expect(await found("is_null", "mood", false)).toEqual([1]);
    await expect(found("eq", "mood", null)).rejects.toMatchObject({ code: "Y1061" });
  });

  it("takes every kind of value as it is meant", async () => {
    const data = {
      a: 10,
      b: "x",
      data: { deep: [1, "two", null] },
      tags: ['quo"te', "back\\slash", "{brace}", null],
      objects: [{ a: 1 }, [2]],
      mood: "bad",
      price: "12345678901234567890.5",
    };
    const [row] = await records({ table: "everything", operation: "insert", data });
    expect(row).toMatchObject({ ...data, twice: 20 });
    const found = await records({
      table: "everything",
      operation: "select",
      filters: [
        { column: "tags", op: "eq", value: data.tags },
        { column: "data", op: "eq", value: data.data },
      ],
    });
    expect(found).toEqual([row]);
    await records({ table: "everything", operation: "insert", data: { a: 11, b: "x", data: "text" } });
    const [text] = await records({
      table: "everything",
      operation: "select",
      filters: [{ column: "data", op: "eq", value: "text" }],
    });
    expect(text).toMatchObject({ a: 11, data: "text" });
    for (const column of ["twice", "number"])
      await expect(
        records({ table: "everything", operation: "insert", data: { a: 1, b: "z", [column]: 1 } }),
      ).rejects.toMatchObject({ code: "Y1061", message: expect.stringContaining(column) });
  });

  it("names rows of a composite key by an object of its columns", async () => {
    const log = await logOf("everything");
    expect(log.find(({ row_id }) => String(row_id).includes("10"))?.row_id).toBe('{"a": 10, "b": "x"}');
  });

  it("reaches tables in other schemas and with hostile names, and injects nothing", async () => {
    const table = `app.we"ird.ta'ble`;
    await records({ table, operation: "insert", data: { "co lumn": "'; drop table users; --", select: 1 } });
    expect(
      await records({ table, operation: "select", filters: [{ column: "select", op: "eq", value: 1 }] }),
    ).toEqual([{ "co lumn": "'; drop table users; --", select: 1 }]);
    for (const column of ['id"', "id; drop table users", "1=1 or id", "ctid", "tableoid"])
      await expect(
        records({ table: "users", operation: "select", filters: [{ column, op: "eq", value: 1 }] }),
      ).rejects.toMatchObject({ code: "Y1061" });
    for (const name of [
      "users; drop table users",
      "pg_catalog.pg_authid",
      "postern.state_mutations",
      "auth.uid",
      "Users",
    ])
      await expect(records({ table: name, operation: "select" })).rejects.toMatchObject({ code: "Y1060" });
    expect(await records({ table: "users", operation: "select" })).toHaveLength(1);
  });

  it("changes every row only when it is told to", async () => {
    for (const operation of ["update", "delete"] as const) {
      const data = operation === "update" ? { data: { plan: "all" } } : {};
      await expect(records({ table: "users", operation, ...data })).rejects.toMatchObject({ code: "Y1062" });
      await expect(records({ table: "users", operation, ...data, filters: [] })).rejects.toMatchObject({
        code: "Y1062",
      });
    }
    expect(
      await records({ table: "users", operation: "update", data: { plan: "all" }, allow_all: true }),
    ).toHaveLength(1);
  });

  it("a view is only read, and a table without a key is logged without one", async () => {
    expect(await records({ table: "view_of_users", operation: "select" })).toHaveLength(1);
    await expect(
      records({ table: "view_of_users", operation: "insert", data: { id: 1 } }),
    ).rejects.toMatchObject({ code: "Y1063" });
    await records({ table: "nameless", operation: "insert", data: { a: 1, b: 2 } });
    expect(await logOf("nameless")).toMatchObject([{ row_id: null, new: { a: 1, b: 2 } }]);
  });

  it("sees a column that was added or renamed a moment ago", async () => {
    await query("create table moving (id int primary key, before text)");
    await records({ table: "moving", operation: "insert", data: { id: 1, before: "x" } });
    await query("alter table moving rename column before to after; ".replace("; ", ""));
    await query("alter table moving rename column id to key");
    expect(await records({ table: "moving", operation: "insert", data: { key: 2, after: "y" } })).toEqual([
      { key: 2, after: "y" },
    ]);
    expect((await logOf("moving")).map(({ row_id, new: row }) => [row_id, row])).toEqual([
      ["1", { id: 1, before: "x" }],
      ["2", { key: 2, after: "y" }],
    ]);
  });
});

describe("whose rights count", () => {
  it("a user writes his own rows, is the actor, and reaches nobody else's", async () => {
    const alice = { secret: await issuer.sign({ sub: "alice", aud: "app" }) };
    const bob = { secret: await issuer.sign({ sub: "bob", aud: "app" }) };
    const [note] = await records({ table: "notes", operation: "insert", data: { body: "mine" } }, alice);
    expect(note).toMatchObject({ user_id: "alice", body: "mine" });
    expect(await records({ table: "notes", operation: "select" }, bob)).toEqual([]);
    const filters = [{ column: "id", op: "eq" as const, value: note!.id! }];
    expect(await records({ table: "notes", operation: "delete", filters }, bob)).toEqual([]);
    await expect(
      records({ table: "notes", operation: "insert", data: { user_id: "alice", body: "forged" } }, bob),
    ).rejects.toMatchObject({ code: "42501" });
    await expect(records({ table: "users", operation: "select" }, bob)).rejects.toMatchObject({
      code: "42501",
    });
    expect(await logOf("notes")).toMatchObject([
      { actor: "alice", new: { body: "mine" }, rolled_back: false },
    ]);
  });

  it("nobody in particular only reads, and a token that reads writes nothing", async () => {
    expect(await records({ table: "posts", operation: "select" }, { secret: null })).toEqual([
      { id: 1, title: "hello" },
    ]);
    await expect(
      records({ table: "posts", operation: "insert", data: { id: 2 } }, { secret: null }),
    ).rejects.toMatchObject({ code: "25006" });
    const { token } = await postern.api<{ token: string }>("POST", `/v1/databases/${database.id}/tokens`, {
      scope: "read_only",
    });
    expect(await records({ table: "posts", operation: "select" }, { secret: token })).toHaveLength(1);
    await expect(
      records({ table: "posts", operation: "insert", data: { id: 2 } }, { secret: token }),
    ).rejects.toMatchObject({ code: "Y3040" });
  });

  it("the log cannot be written, changed or forged with SQL", async () => {
    const refused = async (sql: string) => expect(query(sql), sql).rejects.toMatchObject({ code: "42501" });
    await refused("delete from postern.state_mutations");
    await refused("update postern.state_mutations set actor = 'eve'");
    await refused("insert into postern.state_mutations select * from postern.state_mutations");
    await refused("truncate postern.state_mutations");
    await refused("drop table postern.state_mutations");
    await refused("alter function postern.capture_mutation() owner to current_user");
    await refused("select postern.attach_request('forged', 99999999999, repeat('0', 64))");
    await refused("select postern.claim_key('', 'a', 'b', 'c')");
    await refused("select current_setting('session_preload_libraries')");
  });
});

describe("what is asked again and again, and so shares sessions", () => {
  const logged = (id: string) =>
    query("select actor, rolled_back, new from postern.state_mutations where request_id = $1", [id]);
  const ask = (body: RecordQuery, id: string, secret?: string) =>
    call("POST", "records", body, { headers: { "x-request-id": id }, ...(secret && { secret }) });

  it("is logged under each request's own id and actor, of owners and users side by side", async () => {
    const insert: RecordQuery = { table: "notes", operation: "insert", data: { body: "often" } };
    const secrets = await Promise.all(["ann", "ben"].map((sub) => issuer.sign({ sub, aud: "app" })));
    for (let round = 0; round < 6; round++)
      await Promise.all(
        [undefined, ...secrets].map((secret, who) => ask(insert, `often-${round}-${who}`, secret)),
      );
    for (let round = 0; round < 6; round++) {
      for (const [who, actor] of ["owner", "ann", "ben"].entries()) {
        const rows = await logged(`often-${round}-${who}`);
        expect(rows).toMatchObject([
          { actor, rolled_back: false, new: { body: "often", user_id: actor === "owner" ? null : actor } },
        ]);
      }
    }
  });

  it("that is undone at its end is kept as it was tried, with what Postgres had made of it", async () => {
    await query(
      "create table paid (id int generated always as identity primary key, ref int unique deferrable initially deferred)",
    );
    const insert = (ref: number): RecordQuery => ({ table: "paid", operation: "insert", data: { ref } });
    for (let ref = 0; ref < 6; ref++) expect((await ask(insert(ref), `ref-${ref}`)).status).toBe(200);
    for (let round = 0; round < 3; round++) {
      const refused = await ask(insert(1), `twice-${round}`);
      expect(refused).toMatchObject({ status: 400, body: { code: "23505" } });
      expect(await logged(`twice-${round}`)).toMatchObject([
        { rolled_back: true, new: { ref: 1, id: 7 + round } },
      ]);
    }
    expect(await query("select count(*)::int as n from paid")).toEqual([{ n: 6 }]);
  });

  it("sees a trigger of the owner's that came meanwhile, whatever that does to its session", async () => {
    await query("create table told (id int generated always as identity primary key, path text)");
    const insert: RecordQuery = { table: "told", operation: "insert", data: {}, columns: ["path"] };
    for (let round = 0; round < 5; round++) await ask(insert, `before-${round}`);
    await query(`create function lose_path() returns trigger language plpgsql as $$ begin
      new.path := current_setting('search_path'); perform set_config('search_path', 'nowhere', false); return new; end $$`);
    await query("create trigger lose_path before insert on told for each row execute function lose_path()");
    const lost = async () => {
      const answers = [await ask(insert, "x"), ...(await Promise.all([1, 2, 3].map(() => ask(insert, "y"))))];
      return answers.map(({ body }) => body[0].path).filter((path) => path === null || path === "nowhere");
    };
    // The catalog is believed for a second.
    await waitUntil("each has a session to itself", async () => (await lost()).length === 0);
    expect(await lost()).toEqual([]);
  });
});

describe("a request in one transaction", () => {
  const client = (token = database.token) =>
    createClient({ url: `${postern.apiUrl()}/v1/db/${database.id}`, token });
  const operationsOf = async (request: string) =>
    query(
      "select table_name, operation, new, rolled_back from postern.state_mutations where request_id = $1 order by at",
      [request],
    );
  const headers = (id: string) => ({ headers: new Headers({ "x-request-id": id }) });

  it("keeps all that its handler did, under the id of the request", async () => {
    const result = await client().withRequest(headers("checkout-1"), async (ctx) => {
      const [user] = await ctx.db.query({
        table: "users",
        operation: "insert",
        data: { id: 100, plan: "free" },
      });
      await ctx.query("update users set plan = 'pro' where id = $1", [100]);
      const [changed] = await ctx.db.query({
        table: "users",
        operation: "update",
        filters: [{ column: "id", op: "eq", value: 100 }],
        data: { email: "in@tx" },
      });
      return [ctx.requestId, user!.plan, changed!.plan];
    });
    expect(result).toEqual(["checkout-1", "free", "pro"]);
    expect(await query("select plan, email from users where id = 100")).toEqual([
      { plan: "pro", email: "in@tx" },
    ]);
    expect(await operationsOf("checkout-1")).toHaveLength(3);
  });

  it("undoes everything when its handler throws, and keeps what was tried", async () => {
    const failing = client().withRequest({ headers: { "x-request-id": "checkout-2" } }, async (ctx) => {
      await ctx.db.query({ table: "users", operation: "insert", data: { id: 101, plan: "free" } });
      await ctx.db.query({ table: "todos", operation: "insert", data: { title: "call" } });
      throw new Error("no stock");
    });
    await expect(failing).rejects.toThrow("no stock");
    expect(await query("select from users where id = 101")).toEqual([]);
    expect(await operationsOf("checkout-2")).toMatchObject([
      { table_name: "users", operation: "INSERT", new: { id: 101 }, rolled_back: true },
      { table_name: "todos", operation: "INSERT", new: { title: "call" }, rolled_back: true },
    ]);
  });

  it("cannot be kept once one of its statements has failed, even when its handler goes on", async () => {
    const failing = client().withRequest(headers("checkout-3"), async (ctx) => {
      await ctx.db.query({ table: "users", operation: "insert", data: { id: 102 } });
      await ctx.db
        .query({ table: "users", operation: "insert", data: { id: 102 } })
        .catch((error) => expect(error).toMatchObject({ code: "23505", requestId: expect.any(String) }));
    });
    await expect(failing).rejects.toMatchObject({ code: "Y1066" });
    expect((await operationsOf("checkout-3")).map(({ rolled_back }) => rolled_back)).toEqual([true, true]);
  });

  it("is undone when nothing more is heard of it", async () => {
    const open = await call("POST", "requests", {}, { headers: { "x-request-id": "gone" } });
    expect(open.body).toMatchObject({ request_id: "gone", idle_timeout_ms: 4000 });
    const path = `requests/${open.body.id}`;
    await call("POST", `${path}/records`, { table: "users", operation: "insert", data: { id: 103 } });
    await waitUntil("it is undone", async () => (await operationsOf("gone")).length > 0);
    expect(await operationsOf("gone")).toMatchObject([{ operation: "INSERT", rolled_back: true }]);
    expect((await call("POST", `${path}/commit`)).body.code).toBe("Y1064");
    expect(await query("select from users where id = 103")).toEqual([]);
  });

  it("belongs to whoever opened it", async () => {
    const alice = { secret: await issuer.sign({ sub: "alice", aud: "app" }) };
    const bob = { secret: await issuer.sign({ sub: "bob", aud: "app" }) };
    const { body } = await call("POST", "requests", {}, alice);
    const note = { table: "notes", operation: "insert", data: { body: "in a request" } };
    expect((await call("POST", `requests/${body.id}/records`, note, bob)).body.code).toBe("Y1064");
    expect((await call("POST", `requests/${body.id}/records`, note)).body.code).toBe("Y1064");
    expect((await call("POST", `requests/${body.id}/records`, note, alice)).body).toMatchObject([
      { user_id: "alice" },
    ]);
    const sql = { sql: "select auth.uid() as uid, current_user::text as role" };
    expect((await call("POST", `requests/${body.id}/query`, sql, alice)).body.rows).toEqual([
      { uid: "alice", role: "authenticated" },
    ]);
    for (const sql of [
      "reset role",
      "select set_config('role', 'none', false)",
      "do $$begin end$$",
      "select 1; select 2",
    ]) {
      const { body: other } = await call("POST", "requests", {}, alice);
      expect((await call("POST", `requests/${other.id}/query`, { sql }, alice)).status, sql).toBe(400);
      await call("POST", `requests/${other.id}/rollback`, undefined, alice);
    }
    expect((await call("POST", `requests/${body.id}/commit`, undefined, alice)).body.status).toBe(
      "committed",
    );
  });

  it("writes that come at once change a row one after the other, each from what the other left", async () => {
    await records({ table: "moving", operation: "insert", data: { key: 50, after: "start" } });
    const filters = [{ column: "key", op: "eq" as const, value: 50 }];
    await Promise.all(
      ["a", "b", "c", "d", "e"].map((after) =>
        records({ table: "moving", operation: "update", filters, data: { after } }),
      ),
    );
    const changes = (await logOf("moving")).filter(({ row_id }) => row_id === "50");
    expect(changes).toHaveLength(6);
    for (const [index, change] of changes.entries())
      if (index > 0) expect(change.old).toEqual(changes[index - 1]!.new);
  });
});

describe("a write with an idempotency key", () => {
  it("is done once, and answered the same each time it is sent", async () => {
    const headers = { "idempotency-key": "order-7" };
    const insert = { table: "nameless", operation: "insert" as const, data: { a: 7, b: 7 } };
    const answers = await Promise.all([1, 2, 3].map(() => records(insert, { headers })));
    expect(answers).toEqual([[{ a: 7, b: 7 }], [{ a: 7, b: 7 }], [{ a: 7, b: 7 }]]);
    expect(await query("select from nameless where a = 7")).toHaveLength(1);
    await expect(records({ ...insert, data: { a: 8, b: 8 } }, { headers })).rejects.toMatchObject({
      code: "Y1070",
    });
    await expect(records(insert, { headers: { "idempotency-key": "with space" } })).rejects.toMatchObject({
      code: "Y1001",
    });
  });

  it("that failed can be sent again with its key", async () => {
    const headers = { "idempotency-key": "order-8" };
    const insert = { table: "users", operation: "insert" as const, data: { id: 200, email: "later@x" } };
    await records({ table: "users", operation: "insert", data: { id: 201, email: "later@x" } });
    await expect(records(insert, { headers })).rejects.toMatchObject({ code: "23505" });
    await records({ table: "users", operation: "delete", filters: [{ column: "id", op: "eq", value: 201 }] });
    expect(await records(insert, { headers })).toMatchObject([{ id: 200 }]);
  });
});
