/** What is known of the statements that a database is asked: by every way in, without values, across a crash of the daemon. */
import type {
  CreatedDatabase,
  DatabaseAdvice,
  DatabaseMetrics,
  LiveSession,
  LiveSessions,
  NPlusOneInfo,
  RequestTrace,
  StatementDetails,
  StatementInfo,
  StatementTrends,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { availableExtensions } from "../../src/runtime/available-extensions.ts";
import { ensureServerAccount } from "../../src/runtime/server-account.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { testToolchain } from "../support/toolchain.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let database: CreatedDatabase;

const secret = "nobody-may-read-this-value";

beforeAll(async () => {
  postern = await createPosternHome({ POSTERN_SLOW_QUERY_MS: "1000" });
  await postern.start();
  database = await postern.api("POST", "/v1/databases", { name: "watched" });
  await execute("create table users (id int primary key, name text)");
  await execute("insert into users select n, 'user ' || n from generate_series(1, 100) n");
});
afterAll(() => postern.close());

async function send(route: string, body: unknown, requestId?: string): Promise<Response> {
  return fetch(`${postern.apiUrl()}/v1/db/${database.id}/${route}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${database.token}`,
      "content-type": "application/json",
      ...(requestId !== undefined && { "x-request-id": requestId }),
    },
    body: JSON.stringify(body),
  });
}
const execute = async (sql: string) => expect((await send("execute", { sql })).status).toBe(200);
const query = (sql: string, params: unknown[] = [], requestId?: string) =>
  send("query", { sql, params }, requestId);
const path = (rest: string) => `/v1/databases/${database.id}/${rest}`;
const get = <Result>(rest: string) => postern.api<Result>("GET", path(rest));

/** The trace once all its statements were told. */
async function traceOf(requestId: string, count: number): Promise<RequestTrace> {
  let trace: RequestTrace | undefined;
  await waitUntil(`${requestId} is known`, async () => {
    trace = await get<RequestTrace>(`traces/${requestId}`).catch(() => undefined);
    return trace?.statement_count === count;
  });
  return trace!;
}

/** The statement once it was counted so often. */
async function counted(text: string, calls: number): Promise<StatementInfo> {
  let found: StatementInfo | undefined;
  await waitUntil(`${text} was counted ${calls} times`, async () => {
    const all = await get<StatementInfo[]>("statements?since_minutes=60&limit=200");
    found = all.find(({ statement }) => statement === text);
    return (found?.calls ?? 0) >= calls;
  });
  return found!;
}

describe("a request that asks the same again and again", () => {
  it("is told so, with what it asked", async () => {
    expect((await query("select id from users order by id limit 47", [], "page-1")).status).toBe(200);
    for (let id = 1; id <= 47; id += 1)
      await query(
        id % 2 === 0 ? "select * from users where id = $1" : `select * from users where id = ${id}`,
        id % 2 === 0 ? [id] : [],
        "page-1",
      );
    const trace = await traceOf("page-1", 48);
    expect(trace.n1_warnings).toEqual([
      {
        table: "users",
        count: 47,
        fingerprint: expect.any(String),
        statement: "select * from users where id = $1",
        message: "N+1 detected: 'users' queried 47 times in one request",
      },
    ]);
    expect(trace.statements[0]).toMatchObject({
      statement: "select id from users order by id limit $1",
      tables: ["users"],
      role: "owner",
      rows: 47,
      slow: false,
      error_code: null,
    });
    const known = await get<NPlusOneInfo[]>("n-plus-one");
    expect(known).toEqual([
      expect.objectContaining({ table: "users", requests: 1, count: 47, last_request_id: "page-1" }),
    ]);
    const { stdout } = await postern.run(["db", "trace", "page-1", "-d", database.id], {
      environment: { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() },
    });
    expect(stdout).toContain("×47");
    expect(stdout).toContain("! N+1 detected: 'users' queried 47 times in one request");
  });

  it("is none when it asks them in one batch, or other requests ask them", async () => {
    const statements = Array.from({ length: 20 }, (_, id) => ({
      sql: "select name from users where id = $1",
      params: [id],
    }));
    expect((await send("transaction", { statements }, "batch-1")).status).toBe(200);
    for (let id = 1; id <= 20; id += 1) await query("select name from users where id = $1", [id]);
    expect((await traceOf("batch-1", 20)).n1_warnings).toEqual([]);
    await counted("select name from users where id = $1", 40);
    expect(await get<NPlusOneInfo[]>("n-plus-one")).toHaveLength(1);
  });
});

describe("statements", () => {
  it("are counted without their values, those that fail too", async () => {
    await query("select $1::text as value", [secret], "secretive");
    await query(`select '${secret}' || name from users where name = '${secret}'`, [], "secretive");
    expect((await query(`select 1 / (id - id), '${secret}' from users`, [], "secretive")).status).toBe(400);
    await execute(`do $$ begin perform '${secret}'; end $$`);
    const trace = await traceOf("secretive", 3);
    expect(trace.statements.at(-1)).toMatchObject({ error_code: "22012" });
    await counted("select $1 || name from users where name = $2", 1);
    await counted("DO …", 1);
    for (const rest of ["statements?since_minutes=60&limit=200", "traces", "traces/secretive", "n-plus-one"])
      expect(JSON.stringify(await get(rest)), rest).not.toContain(secret);
  });

  it("are slow from the limit on, and have a plan that holds for any values", async () => {
    const slow = "select u.name, pg_sleep(1.1) from users u where u.id = $1";
    await query(slow, [7], "sluggish");
    const trace = await traceOf("sluggish", 1);
    expect(trace).toMatchObject({ slow_count: 1, statements: [{ slow: true }] });
    expect((await get<RequestTrace[]>("traces")).map(({ request_id: id }) => id)).toContain("sluggish");
    const { fingerprint } = trace.statements[0]!;
    let details: StatementDetails | undefined;
    await waitUntil("it has a plan", async () => {
      details = await get<StatementDetails>(`statements/${fingerprint}`);
      return details.plan !== null;
    });
    expect(details).toMatchObject({ calls: 1, slow: 1 });
    expect(details!.minutes).toContainEqual(expect.objectContaining({ source: "http", calls: 1, slow: 1 }));
    expect(JSON.stringify(details!.plan)).toMatch(/users_pkey|Seq Scan/);
  });

  it("are counted by whatever way they came", async () => {
    const { direct } = await get<{ direct: string }>("urls");
    const client = new pg.Client({ connectionString: direct });
    await client.connect();
    for (let id = 1; id <= 5; id += 1)
      await client.query("select length(name) from users where id = $1", [id]);
    await client.end();
    expect(await counted("select length(name) from users where id = $1", 5)).toMatchObject({
      source: "postgres",
      rows: 5,
      tables: ["users"],
    });
  });

  it("are told step by step, each as often as it ran", async () => {
    const { fingerprint } = await counted("select length(name) from users where id = $1", 5);
    const { trends, step_seconds: step } = await get<StatementTrends>("statement-trends?since_minutes=60");
    const { calls } = trends.find((trend) => trend.fingerprint === fingerprint)!;
    expect(calls.reduce((sum, value) => sum + value, 0)).toBe(5);
    expect(calls.length * step).toBeGreaterThanOrEqual(3600);
    const { points, ...metrics } = await get<DatabaseMetrics>("metrics?since_minutes=5");
    expect(metrics).toMatchObject({ step_seconds: 60, shared_server: true });
    expect(Math.max(...points.map((point) => point.calls ?? 0))).toBeGreaterThanOrEqual(5);
    const backwards = get("metrics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z");
    await expect(backwards).rejects.toMatchObject({ code: "Y1105" });
  });

  it("are still known after the daemon was killed, and counted once", async () => {
    const text = "select length(name) from users where id = $1";
    const before = await counted(text, 5);
    await postern.stop("SIGKILL");
    await postern.start();
    const after = await counted(text, 5);
    expect(after.calls).toBe(before.calls);
    expect(await get<RequestTrace>("traces/page-1")).toMatchObject({ statement_count: 48 });
    await expect(get("traces/never-seen")).rejects.toMatchObject({ code: "Y9013" });
  });
});

describe("sessions of this moment", () => {
  const clients: pg.Client[] = [];
  const connect = async (application: string): Promise<{ client: pg.Client; ended: Promise<unknown> }> => {
    const { direct } = await get<{ direct: string }>("urls");
    const client = new pg.Client({ connectionString: direct, application_name: application });
    const ended = new Promise((resolve) => client.once("end", resolve));
    client.on("error", () => {});
    await client.connect();
    clients.push(client);
    return { client, ended };
  };
  afterAll(() => Promise.all(clients.map((client) => client.end().catch(() => {}))));

  const sessionOf = async (application: string, when: (session: LiveSession) => boolean) => {
    let found: LiveSession | undefined;
    await waitUntil(`${application} is seen`, async () => {
      const { sessions } = await get<LiveSessions>("sessions");
      found = sessions.find((session) => session.application === application && when(session));
      return found !== undefined;
    });
    return found!;
  };

  it("tell who waits for whom, are canceled, and ended", async () => {
    const holder = await connect("holder");
    const waiter = await connect("waiter");
    await holder.client.query("begin; lock table users in access exclusive mode");
    const waits = waiter.client.query("select * from users").then(
      () => "answered",
      (error: { code: string }) => error.code,
    );
    const held = await sessionOf("holder", ({ state }) => state === "idle in transaction");
    const waiting = await sessionOf("waiter", ({ blocked_by: holders }) => holders.length > 0);
    expect(waiting).toMatchObject({
      blocked_by: [held.pid],
      lock: { object: "users", mode: "AccessShare" },
      through: "direct",
      statement: "select * from users",
    });
    // Advice does not queue up behind whoever holds the table.
    await expect(get("advice")).rejects.toMatchObject({ code: "Y1106" });
    const end = (pid: number, action: string) => postern.api("POST", path(`sessions/${pid}/${action}`));
    expect(await end(waiting.pid, "cancel")).toEqual({ pid: waiting.pid, action: "canceled" });
    expect(await waits).toBe("57014");
    expect(await end(held.pid, "end")).toEqual({ pid: held.pid, action: "ended" });
    await holder.ended;
    await expect(end(held.pid, "end")).rejects.toMatchObject({ code: "Y9010" });
  });

  it("of other databases cannot be ended from here", async () => {
    const other = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "other" });
    const { pid } = await sessionOf("waiter", () => true);
    const end = postern.api("POST", `/v1/databases/${other.id}/sessions/${pid}/end`);
    await expect(end).rejects.toMatchObject({ code: "Y9010" });
  });

  it("are told again as they change", async () => {
    const abort = new AbortController();
    const response = await fetch(`${postern.apiUrl()}${path("sessions/events")}`, {
      headers: { authorization: `Bearer ${postern.apiKey()}` },
      signal: abort.signal,
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const until = async (word: string) => {
      while (!text.includes(word)) text += (await reader.read()).value ?? "";
    };
    await until("data: ");
    await connect("newcomer");
    await until("newcomer");
    abort.abort();
    await reader.cancel().catch(() => {});
  });
});

describe("advice", () => {
  it("names the index that a statement misses, with its cost before and after", async () => {
    await execute(
      "create table orders (id bigint generated always as identity primary key, customer int not null, note text)",
    );
    await execute(
      "insert into orders (customer, note) select n % 5000, repeat('x', 60) from generate_series(1, 50000) n",
    );
    await execute("analyze orders");
    const text = "select note from orders where customer = $1";
    for (let customer = 1; customer <= 6; customer += 1) await query(text, [customer]);
    await counted(text, 6);
    const { indexes } = await get<DatabaseAdvice>("advice");
    const [missing] = indexes.filter(({ kind }) => kind === "missing_index");
    expect(missing).toMatchObject({ table: "orders", columns: ["customer"], statements: [text] });
    const available = await availableExtensions(await testToolchain(), await ensureServerAccount());
    if (available?.has("hypopg")) {
      expect(missing!.cost_after).toBeLessThan(missing!.cost_before! / 5);
      const environment = { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() };
      const shown = await postern.run(["db", "advise", database.id], { environment });
      expect(shown.stdout).toMatch(
        /orders\.customer[\s\S]*cost [\d,.]+ → [\d,.]+\n {2}run: CREATE INDEX CONCURRENTLY/,
      );
    } else expect(missing!.cost_after_guess).toBeLessThan(missing!.cost_before! / 5);
    // Nothing of it is the owner's: neither an extension, nor something that a dump would bring along.
    const extensions = await query("select extname from pg_extension where extname = 'hypopg'");
    expect(await extensions.json()).toMatchObject({ row_count: 0 });
    expect((await send("execute", { sql: missing!.run })).status).toBe(200);
    const after = await get<DatabaseAdvice>("advice");
    expect(after.indexes.filter(({ kind }) => kind === "missing_index")).toEqual([]);
  });
});
