/** The client of a database's data: what it sends, what it sends again, and how much of it a browser has to load. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type ClientOptions, createClient } from "@postern/sdk/client";
import { PosternError } from "@postern/sdk/error";
import { describe, expect, expectTypeOf, it } from "vitest";

interface Sent {
  path: string;
  body: unknown;
  headers: Record<string, string>;
}

type Reply = { status?: number; body: unknown } | "unreachable";

/** A client whose server answers these, one after the other, and then the last again and again. */
function clientOf<Schema = unknown>(replies: Reply[], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    if (init.signal?.aborted) throw init.signal.reason;
    const reply = replies[Math.min(sent.length, replies.length - 1)]!;
    sent.push({
      path: new URL(url).pathname,
      body: init.body === null ? undefined : JSON.parse(init.body as string),
      headers: init.headers as Record<string, string>,
    });
    if (reply === "unreachable") throw new TypeError("fetch failed");
    const { status = 200, body } = reply;
    const text = async () => JSON.stringify(body);
    return { ok: status < 400, status, url, body: null, text, headers: new Headers() };
  };
  const client = createClient<Schema>({ url: "http://db.localhost/", token: "t", fetch, ...options });
  return { client, sent };
}

const busy = { status: 503, body: { code: "Y4004", message: "busy" } };
const insert = { table: "todos", operation: "insert", data: { title: "x" } } as const;

describe("db.query", () => {
  it("sends the query as it is, and a write with a key of its own", async () => {
    const { client, sent } = clientOf([{ body: [{ id: 1 }] }]);
    expect(await client.db.query({ table: "todos", operation: "select" })).toEqual([{ id: 1 }]);
    await client.db.query(insert);
    await client.db.query(insert, { idempotencyKey: "mine", requestId: "r-1" });
    expect(sent.map(({ path, body, headers }) => [path, body, headers["idempotency-key"]])).toEqual([
      ["/records", { table: "todos", operation: "select" }, undefined],
      ["/records", insert, expect.stringMatching(/^[0-9a-f-]{36}$/)],
      ["/records", insert, "mine"],
    ]);
    expect(sent[2]!.headers["x-request-id"]).toBe("r-1");
  });

  it("sends it again, with the same key, while the server cannot be reached or is busy", async () => {
    const { client, sent } = clientOf(["unreachable", busy, { body: [] }]);
    expect(await client.db.query(insert)).toEqual([]);
    expect(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(sent).toHaveLength(3);
  });

  it("gives up after as many times as it was told, with the last error", async () => {
    const { client, sent } = clientOf([busy], { retries: 1 });
    await expect(client.db.query(insert)).rejects.toMatchObject({ code: "Y4004", status: 503 });
    expect(sent).toHaveLength(2);
  });
});

describe("SQL", () => {
  it("is never sent twice: nobody knows what it does", async () => {
    const { client, sent } = clientOf([busy]);
    await expect(client.execute("insert into t values (1)")).rejects.toBeInstanceOf(PosternError);
    await expect(client.query("select 1")).rejects.toMatchObject({ code: "Y4004" });
    await expect(client.transaction({ statements: [] })).rejects.toMatchObject({ code: "Y4004" });
    expect(sent.map(({ path }) => path)).toEqual(["/execute", "/query", "/transaction"]);
  });

  it("that Postgres refuses is an error with its SQLSTATE", async () => {
    const body = { code: "23505", message: "duplicate", hint: "other id", request_id: "req-1", position: 3 };
    const { client } = clientOf([{ status: 400, body }]);
    await expect(client.query("insert")).rejects.toMatchObject({
      name: "PosternError",
      code: "23505",
      status: 400,
      hint: "other id",
      requestId: "req-1",
      position: 3,
    });
  });
});

describe("a call", () => {
  const silent: ClientOptions["fetch"] = (_url, { signal }) =>
    new Promise((_resolve, reject) => {
      signal!.addEventListener("abort", () => reject(signal!.reason));
    });

  it("ends when its time is over", async () => {
    const { client } = clientOf([], { fetch: silent, timeoutMs: 20 });
    await expect(client.query("select 1")).rejects.toMatchObject({ code: "Y1016" });
    await expect(client.db.query(insert)).rejects.toMatchObject({ code: "Y1016" });
  });

  it("ends when its caller says so, with the caller's reason", async () => {
    const { client } = clientOf([], { fetch: silent });
    const caller = new AbortController();
    const calling = client.db.query(insert, { signal: caller.signal });
    caller.abort(new Error("enough"));
    await expect(calling).rejects.toThrow("enough");
  });
});

describe("withRequest", () => {
  const opened = { body: { id: "open-1", request_id: "r-9" } };

  it("opens with the first query, and commits when the handler is done", async () => {
    const { client, sent } = clientOf([opened, { body: [] }, { body: { status: "committed" } }]);
    const result = await client.withRequest({ headers: { "x-request-id": "r-9" } }, async (ctx) => {
      await ctx.db.query({ table: "todos", operation: "select" });
      return ctx.requestId;
    });
    expect(result).toBe("r-9");
    expect(sent.map(({ path }) => path)).toEqual([
      "/requests",
      "/requests/open-1/records",
      "/requests/open-1/commit",
    ]);
    expect(sent.every(({ headers }) => headers["x-request-id"] === "r-9")).toBe(true);
  });

  it("rolls back when the handler throws, and throws the same", async () => {
    const { client, sent } = clientOf([opened, { body: [] }, { body: { status: "rolled_back" } }]);
    const failing = client.withRequest(new Request("http://x/"), async (ctx) => {
      await ctx.query("select 1");
      throw new RangeError("mine");
    });
    await expect(failing).rejects.toThrow(new RangeError("mine"));
    expect(sent.at(-1)!.path).toBe("/requests/open-1/rollback");
    expect(sent[0]!.headers["x-request-id"]).toMatch(/^req-[0-9a-f-]{36}$/);
  });

  it("asks the server nothing for a handler that asks nothing, and takes no odd id over", async () => {
    const { client, sent } = clientOf([opened]);
    const id = await client.withRequest({ headers: { "x-request-id": "a b" } }, (ctx) => ctx.requestId);
    expect([id.startsWith("req-"), sent]).toEqual([true, []]);
  });

  it("refuses a query of a handler that has returned", async () => {
    const { client } = clientOf([opened]);
    const context = await client.withRequest(undefined, (ctx) => ctx);
    await expect(context.query("select 1")).rejects.toMatchObject({ code: "Y1064" });
  });
});

interface Database {
  public: {
    Tables: {
      todos: {
        Row: { id: number; title: string };
        Insert: { id?: number; title: string };
        Update: { title?: string };
      };
    };
  };
}

it("knows rows, columns and data by the types that `db types` writes", () => {
  const { client } = clientOf<Database>([{ body: [] }]);
  const select = () => client.db.query({ table: "todos", operation: "select", columns: ["id"] });
  expectTypeOf(select).returns.resolves.toEqualTypeOf<{ id: number; title: string }[]>();
  const wrong = () => [
    // @ts-expect-error There is no such column.
    client.db.query({ table: "todos", operation: "select", columns: ["body"] }),
    // @ts-expect-error The title is missing.
    client.db.query({ table: "todos", operation: "insert", data: { id: 1 } }),
  ];
  expect(wrong).toBeInstanceOf(Function);
  const other = () => client.db.query<{ at: string }>({ table: "app.events", operation: "select" });
  expectTypeOf(other).returns.resolves.toEqualTypeOf<{ at: string }[]>();
});

it("is less than 8 kB to load, without minifying", () => {
  const root = fileURLToPath(new URL("../../../packages/sdk/dist/", import.meta.url));
  const files = new Map<string, string>();
  const read = (file: string) => {
    if (files.has(file)) return;
    const text = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    files.set(file, text);
    for (const [, path] of text.matchAll(/from "(\.[^"]+)"/g)) read(join(dirname(file), path!));
  };
  read(join(root, "client.js"));
  expect([...files.keys()].some((file) => file.endsWith("control.js"))).toBe(false);
  expect(files.size).toBeGreaterThan(4);
  expect(gzipSync([...files.values()].join("\n")).length).toBeLessThan(8 * 1024);
});
