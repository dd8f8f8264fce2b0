/** Who changed what, with the commands, against a real daemon: history, blame, requests, tracking, and rows brought back. */
import { createClient } from "@postern/sdk/client";
import type {
  BackupInfo,
  CreatedDatabase,
  DaemonStatus,
  JsonValue,
  OperationInfo,
  QueryResult,
  RecordQuery,
  RestoredRow,
  StateHistory,
  TrackedTable,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";
import { workersOf } from "../support/workers-of.ts";

let postern: PosternHome;
let database: CreatedDatabase;
let daemon: DaemonStatus;

beforeAll(async () => {
  postern = await createPosternHome();
  daemon = await postern.start();
  database = await postern.api("POST", "/v1/databases", { name: "flux" });
  for (const sql of [
    "create table users (id int primary key, email text, plan text not null default 'free', secret text)",
    "create table prices (region text, id int, price numeric, big int8, at timestamptz, primary key (region, id))",
    "create table nameless (a int)",
    "create table parts (id int, day date, primary key (id, day)) partition by range (day)",
    "create table parts_2026 partition of parts for values from ('2026-01-01') to ('2027-01-01')",
  ])
    await query(sql);
});
afterAll(() => postern.close());

const query = async (sql: string, params: JsonValue[] = []) =>
  (await postern.api<QueryResult>("POST", `/v1/db/${database.id}/query`, { sql, params }, database.token))
    .rows;

async function records(request: string, body: RecordQuery): Promise<number> {
  const answer = await fetch(`${postern.apiUrl()}/v1/db/${database.id}/records`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${database.token}`,
      "content-type": "application/json",
      "x-request-id": request,
    },
    body: JSON.stringify(body),
  });
  await answer.text();
  return answer.status;
}

const state = async (...args: string[]) => {
  const environment = { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() };
  const { code, stdout, stderr } = await postern.run(["state", ...args, "-d", "flux"], { environment });
  return { code, out: stdout.trimEnd().replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, "TIME"), stderr };
};

const path = "/v1/databases/flux/state";
const history = (table: string, id?: string, more: Record<string, string> = {}) => {
  const question = new URLSearchParams({ table, ...(id !== undefined && { id }), ...more });
  return postern.api<StateHistory>("GET", `${path}/history?${question}`);
};
const track = (table: string, mask?: string[]) =>
  postern.api<TrackedTable>("PUT", `${path}/tables`, { table, ...(mask && { mask }) });
const restore = (table: string, id: string, at: string, write = false) =>
  postern.api<RestoredRow>("POST", `${path}/restore`, { table, id, at, write });

const one = (id: number) => [{ column: "id", op: "eq" as const, value: id }];

describe("what the document prints", () => {
  it("history, blame and request tell of a row, with the attempt that was rolled back", async () => {
    const table = "users";
    await records("1a2b3c4d", {
      table,
      operation: "insert",
      data: { id: 42, email: "a@b.com", plan: "free" },
    });
    await records("4f9a3b2c", { table, operation: "update", filters: one(42), data: { plan: "pro" } });
    expect(
      await records("550e8400", { table, operation: "update", filters: one(42), data: { plan: null } }),
    ).toBe(400);
    expect(await state("history", "users", "--id", "42")).toMatchObject({
      code: 0,
      out: [
        "TIME INSERT email=a@b.com, plan=free req:1a2b3c4d",
        "TIME UPDATE plan: free → pro req:4f9a3b2c",
        "TIME UPDATE plan: pro → null (rolled back) req:550e8400",
      ].join("\n"),
    });
    const { out } = await state("blame", "users", "--id", "42");
    expect(out.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim())).toEqual([
      "id 42 req:1a2b3c4d",
      "email a@b.com req:1a2b3c4d",
      "plan pro req:550e8400 ← last attempt rolled back; current value from req:4f9a3b2c",
      "secret null req:1a2b3c4d",
    ]);
    expect((await state("request", "550e8400")).out).toBe(
      "TIME users 42 UPDATE plan: pro → null (rolled back) by owner",
    );
    expect((await state("request", "unheard")).code).toBe(5);
    const since = await history("users", "42", {
      request: "4f9a3b2c",
      since: new Date(Date.now() - 3_600_000).toISOString(),
    });
    expect(since.mutations.map(({ changed }) => changed)).toEqual([["plan"]]);
    const before = { since: "2020-01-01T00:00:00Z", until: "2020-02-01T00:00:00Z" };
    expect((await history("users", "42", before)).mutations).toEqual([]);
  });
});

describe("a tracked table", () => {
  it("records what comes in by SQL, psql's way and HTTP, without what is masked, and only as long as it is tracked", async () => {
    expect(await state("track", "users", "--mask", "secret")).toMatchObject({ code: 0 });
    const urls = await postern.api<{ direct: string }>("GET", `/v1/databases/${database.id}/urls`);
    const client = new pg.Client(urls.direct);
    await client.connect();
    try {
      await client.query(
        "insert into users (id, email, secret) values (1, 'x@y.z', 'hidden'), (2, 'q@y.z', null)",
      );
      await client.query("begin; update users set plan = 'lost' where id = 1; rollback");
      await client.query("update users set secret = 'other', id = 11 where id = 1");
      await query("delete from users where id = 11");
      await client.query("truncate users");
      await postern.api("DELETE", `${path}/tables?table=users`);
      await client.query("insert into users (id) values (3)");
    } finally {
      await client.end();
    }
    const { mutations } = await history("users", "1");
    expect(mutations.map(({ operation, new: now }) => [operation, now?.id, now?.secret])).toEqual([
      ["INSERT", 1, "[masked]"],
      ["UPDATE", 11, "[masked]"],
      ["TRUNCATE", undefined, undefined],
    ]);
    expect(mutations[1]).toMatchObject({ changed: ["id", "secret"], request_id: null });
    expect(mutations[0]!.actor).toBe(database.user);
    const moved = await history("users", "11");
    expect(moved.mutations.map(({ operation }) => operation)).toEqual(["UPDATE", "DELETE", "TRUNCATE"]);
    expect((await history("users", "3")).mutations).toMatchObject([{ operation: "TRUNCATE" }]);
    expect(await postern.api<TrackedTable[]>("GET", `${path}/tables`)).toEqual([
      { table: "users", captures: "records", primary_key: ["id"], masked: ["secret"] },
    ]);
  });

  it("knows of each change by SQL over HTTP which request it was, however many come at once", async () => {
    await query("create table orders (id int primary key, tags text[], at timestamptz default now())");
    await query("create table plain (id int primary key)");
    await track("orders");
    const as = async (id: string, route: string, body: object) => {
      const answer = await fetch(`${postern.apiUrl()}/v1/db/${database.id}/${route}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${database.token}`,
          "content-type": "application/json",
          "x-request-id": id,
        },
        body: JSON.stringify(body),
      });
      return [answer.status, await answer.json()];
    };
    const insert = "insert into orders values ($1, $2)";
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, id) =>
        as(`order-${id}`, "query", { sql: insert, params: [id, ["a", "b"]] }),
      ),
    );
    expect(all.map(([status]) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    const statements = [
      { sql: "update orders set tags = '{}' where id = 1" },
      { sql: "insert into plain values (1)" },
      { sql: "delete from orders where id = 2" },
    ];
    expect(await as("both", "transaction", { statements })).toMatchObject([200, {}]);
    expect(await as("maintained", "query", { sql: "vacuum orders" })).toMatchObject([200, {}]);
    expect(await as("refused", "query", { sql: insert, params: [3, []] })).toMatchObject([
      400,
      { code: "23505", request_id: "refused" },
    ]);
    expect(await as("emptied", "execute", { sql: "truncate orders" })).toMatchObject([200, {}]);
    const { mutations } = await history("orders", undefined);
    const told = mutations.map(({ operation, row_id: row, request_id: request, actor }) =>
      [operation, row, request, actor].join(" "),
    );
    expect(told.slice(0, 12).sort()).toEqual(
      Array.from({ length: 12 }, (_, id) => `INSERT ${id} order-${id} owner`).sort(),
    );
    expect(told.slice(12)).toEqual(["UPDATE 1 both owner", "DELETE 2 both owner", "TRUNCATE  emptied owner"]);
    expect((await state("request", "both")).out).toContain("orders 1 UPDATE");
  });

  it("is known by each of its names, also when it is gone and when another has its name", async () => {
    for (const table of ["shelf", "other"]) {
      await query(`create table ${table} (id int primary key)`);
      await track(table);
    }
    const insert = (table: string, id: number) => query(`insert into ${table} values (${id})`);
    const idsOf = async (table: string, more = {}) =>
      (await history(table, undefined, more)).mutations.map(({ row_id: id }) => Number(id));
    for (const id of [1, 2]) await insert("shelf", id);
    await insert("other", 3);
    await query("alter table shelf rename to rack");
    await insert("rack", 4);
    expect(await idsOf("rack")).toEqual([1, 2, 4]);
    expect(await idsOf("rack", { limit: "2" })).toEqual([2, 4]);
    expect(await idsOf("shelf")).toEqual([1, 2]);
    await query("create table shelf (id int primary key)");
    await track("shelf");
    await insert("shelf", 5);
    expect(await idsOf("shelf")).toEqual([1, 2, 5]);
    for (const table of ["shelf", "rack"]) await query(`drop table ${table}`);
    expect(await idsOf("rack")).toEqual([4]);
    expect(await idsOf("shelf")).toEqual([1, 2, 5]);
    expect(await idsOf("shelf", { until: "2020-01-01T00:00:00Z" })).toEqual([]);
    expect(await idsOf("other")).toEqual([3]);
    await expect(history("never")).rejects.toMatchObject({ code: "Y1060" });
  });

  it("without a primary key is recorded whole, and has no row to ask for", async () => {
    const { stderr } = await state("track", "nameless");
    expect(stderr).toContain("no primary key");
    await query("insert into nameless values (7)");
    const { mutations } = await history("nameless");
    expect(mutations).toMatchObject([{ row_id: null, new: { a: 7 } }]);
    await expect(history("nameless", "7")).rejects.toMatchObject({ code: "Y1067" });
    await expect(restore("nameless", "7", new Date().toISOString())).rejects.toMatchObject({ code: "Y1067" });
    expect(await state("blame", "nameless", "--id", "7")).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("Y1067"),
    });
  });

  it("that is partitioned has its changes under its own name", async () => {
    await track("parts");
    await query("insert into parts values (1, '2026-05-05')");
    const { mutations } = await history("parts", "id=1,day=2026-05-05");
    expect(mutations).toMatchObject([{ table: "parts", operation: "INSERT" }]);
  });

  it("refuses to mask what it has not, or its key", async () => {
    await expect(track("users", ["nothing"])).rejects.toMatchObject({ code: "Y1061" });
    await expect(track("users", ["id"])).rejects.toMatchObject({ code: "Y1061" });
    await expect(track("nobody")).rejects.toMatchObject({ code: "Y1060" });
  });
});

describe("a row brought back", () => {
  const big = "9007199254740993";

  it("is shown first, and written as another change, exactly as it was", async () => {
    await track("prices");
    await query(
      "insert into prices values ('eu', 7, 12345678901234567890.12345, $1, '2026-01-01T00:00:00Z')",
      [big],
    );
    await query("update prices set price = 1, big = 2, at = null where id = 7");
    const [insert] = (await history("prices", "region=eu,id=7")).mutations;
    expect(insert).toMatchObject({ row_id: '{"id": 7, "region": "eu"}', new: { big } });
    const args = ["prices", '{"region":"eu","id":7}', insert!.at] as const;
    const shown = await state("restore", "prices", "--id", "region=eu,id=7", "--at", insert!.at);
    expect(shown).toMatchObject({
      code: 0,
      out: `UPDATE\n  price: 1 → 12345678901234567890.12345\n  big: 2 → ${big}\n  at: null → 2026-01-01T00:00:00+00:00`,
    });
    expect((await query("select big from prices"))[0]).toEqual({ big: "2" });
    const written = await restore(...args, true);
    expect(written).toMatchObject({ action: "update", written: true });
    expect(await query("select price, big, at = '2026-01-01Z' as same from prices")).toEqual([
      { price: "12345678901234567890.12345", big, same: true },
    ]);
    expect(await restore(...args, true)).toMatchObject({ action: "none", written: false });
    const { mutations } = await history("prices", "region=eu,id=7");
    expect(mutations.at(-1)).toMatchObject({ operation: "UPDATE", request_id: written.request_id });
  });

  it("keeps every digit, also inside of documents, in keys, and of what was tried and undone", async () => {
    const [key, exact] = ["9007199254740993", "-12345678901234567890.12345678901234567890"];
    await query(
      "create table digits (id int8 primary key, total numeric(40,20) check (total < 9), doc jsonb, many int8[])",
    );
    await query("create table pairs (a int8, b int8, primary key (a, b))");
    await track("digits");
    await track("pairs");
    await query(`insert into digits values ($1, $2, '{"n": ${key}, "m": 1.50}', array[$1::int8, 1])`, [
      key,
      exact,
    ]);
    await query("insert into pairs values ($1, 1)", [key]);
    const filters = [{ column: "id", op: "eq" as const, value: key }];
    const refused: RecordQuery = { table: "digits", operation: "update", filters, data: { total: 10 } };
    expect(await records("refused-digits", refused)).toBe(400);
    const client = createClient({
      url: `${postern.apiUrl()}/v1/db/${database.id}`,
      token: database.token,
    });
    const undone = client.withRequest({ headers: {} }, async (ctx) => {
      await ctx.db.query({ table: "digits", operation: "update", filters, data: { total: "1.50" } });
      throw new Error("changed my mind");
    });
    await expect(undone).rejects.toThrow("changed my mind");
    const then = { id: key, total: exact, doc: { n: key, m: "1.50" }, many: [key, 1] };
    const { mutations } = await history("digits", key);
    expect(mutations).toMatchObject([
      { row_id: key, new: then },
      { rolled_back: true, old: then },
      { rolled_back: true, old: then, new: { ...then, total: "1.50000000000000000000" } },
    ]);
    expect(
      await query("select count(*)::int as n from postern.state_mutations where old->'id' = $1", [key]),
    ).toEqual([{ n: 2 }]);
    const [pair] = (await history("pairs")).mutations;
    expect((await history("pairs", pair!.row_id!)).mutations).toHaveLength(1);
  });

  it("comes back after a delete, without the columns that are gone", async () => {
    await query("alter table prices rename column at to valid_at");
    const before = (await history("prices", "region=eu,id=7")).mutations.at(-1)!.at;
    await query("delete from prices where id = 7");
    const back = await restore("prices", "region=eu,id=7", before, true);
    expect(back).toMatchObject({
      action: "insert",
      written: true,
      left_out: [{ column: "at", reason: expect.stringContaining("no such column") }],
    });
    expect(await query("select region, id, big, valid_at from prices")).toEqual([
      { region: "eu", id: 7, big, valid_at: null },
    ]);
    const never = await restore("prices", "region=eu,id=7", "2020-01-01T00:00:00Z", true);
    expect(never).toMatchObject({ action: "delete", written: true });
    expect(await query("select * from prices")).toEqual([]);
  });
});

it("the log is in backups, and comes back with the tables that it is about", async () => {
  await query("insert into prices values ('us', 1, 1, 1, null)");
  const wait = async (operation: OperationInfo) => {
    const ended = await postern.api<OperationInfo>("GET", `/v1/operations/${operation.id}?wait=30`);
    expect(ended).toMatchObject({ status: "completed" });
  };
  await wait(await postern.api("POST", "/v1/databases/flux/backups", {}));
  await query("delete from prices");
  await wait(
    await postern.api("POST", "/v1/databases/flux/restore", {
      backup_id: (await postern.api<BackupInfo[]>("GET", "/v1/databases/flux/backups"))[0]!.id,
      skip_safety_snapshot: true,
    }),
  );
  const { mutations } = await history("prices", "region=us,id=1");
  expect(mutations.map(({ operation }) => operation)).toEqual(["INSERT"]);
  await query("update prices set price = 2");
  expect((await history("prices", "region=us,id=1")).mutations).toHaveLength(2);
});

describe("a request that is held open", () => {
  const client = () =>
    createClient({ url: `${postern.apiUrl()}/v1/db/${database.id}`, token: database.token });
  const insert = { table: "held", operation: "insert", data: { id: 1 } } as const;
  const from = (id: string) => ({ headers: { "x-request-id": id } });
  const logged = (request: string) =>
    query("select rolled_back from postern.state_mutations where request_id = $1", [request]);
  beforeAll(() => query("create table held (id int primary key)"));

  it("is undone where a worker is killed in the middle of a call, and its attempts are kept, marked", async () => {
    const request = client().withRequest(from("worker-dies"), async (ctx) => {
      await ctx.db.query(insert);
      await ctx.query("select pg_sleep(600)");
    });
    const refused = expect(request).rejects.toMatchObject({ code: "Y0005" });
    await waitUntil("its statement runs", async () => {
      const rows = await query(
        "select from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'",
      );
      return rows.length === 1;
    });
    const workers = await workersOf(daemon.pid);
    expect(workers.length).toBeGreaterThan(0);
    for (const pid of workers) process.kill(pid, "SIGKILL");
    await refused;
    const known = () => logged("worker-dies").catch(() => []);
    await waitUntil("the attempt is in the log", async () => (await known()).length > 0);
    expect(await logged("worker-dies")).toEqual([{ rolled_back: true }]);
    expect(await query("select from held")).toEqual([]);
  });

  it("is undone whole where the daemon is killed, which leaves no lock and no record", async () => {
    const request = client().withRequest(from("daemon-dies"), async (ctx) => {
      await ctx.db.query(insert);
      await postern.stop("SIGKILL");
      await ctx.db.query({ ...insert, data: { id: 2 } });
    });
    await expect(request).rejects.toMatchObject({ code: "Y0005" });
    daemon = await postern.start();
    expect(await query("select from held")).toEqual([]);
    expect(await logged("daemon-dies")).toEqual([]);
    expect(await records("once-more", insert)).toBe(200);
    expect(await logged("once-more")).toEqual([{ rolled_back: false }]);
  });
});
