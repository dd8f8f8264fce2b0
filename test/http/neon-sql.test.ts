import { request } from "node:http";
import { json } from "node:stream/consumers";
import { type FullQueryResults, NeonDbError, neon, neonConfig, Pool, types } from "@neondatabase/serverless";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type NeonHome, startNeonHome } from "../support/neon-home.ts";
import { startTestIssuer, type TestIssuer } from "../support/test-issuer.ts";
import { waitUntil } from "../support/wait-until.ts";

let home: NeonHome;
let sql: ReturnType<typeof neon<false, false>>;
let full: ReturnType<typeof neon<false, true>>;
let direct: pg.Client;

beforeAll(async () => {
  home = await startNeonHome();
  sql = neon(home.urls.pooled);
  full = neon(home.urls.pooled, { fullResults: true });
  direct = new pg.Client({ connectionString: home.urls.direct });
  await direct.connect();
  await sql`create table items (id int primary key, name text unique, late int references items deferrable initially deferred)`;
});
afterAll(async () => {
  await direct?.end();
  await home?.postern.close();
});

interface Posted {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is what the tests are about.
  body: any;
}

/** What no driver sends: a request by hand. */
async function post(body: unknown, headers: Record<string, string> = {}, path = "/sql"): Promise<Posted> {
  const answer = await fetch(`http://${home.address}${path}`, {
    method: "POST",
    headers: { "neon-connection-string": home.urls.pooled, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

const raw = { "neon-raw-text-output": "true", "neon-array-mode": "true" };
const withUrl = (change: (url: URL) => void) => {
  const url = new URL(home.urls.pooled);
  change(url);
  return url.href;
};

describe("the Neon driver over HTTP", () => {
  test("queries with a tagged template, and gets values by their types", async () => {
    const [row] =
      await sql`select ${7}::int as n, ${null}::text as nothing, ${true}::bool as yes, ${'é\n"\\'} as text,
      ${{ a: [1] }}::jsonb as j, ${[1, 2]}::int[] as list, ${Buffer.from([0, 255])} as bytes,
      ${new Date(0)}::timestamptz as late, 9007199254740993::int8 as big, 1.50::numeric as exact, 'NaN'::float8 as nan,
      '2026-01-31'::date as day, array['a,b', null, 'c"d'] as words`;
    expect(row).toMatchObject({
      n: 7,
      nothing: null,
      yes: true,
      text: 'é\n"\\',
      j: { a: [1] },
      list: [1, 2],
      late: new Date(0),
      big: "9007199254740993",
      exact: "1.50",
      nan: Number.NaN,
      words: ["a,b", null, 'c"d'],
    });
    expect(Buffer.from(row!.bytes)).toEqual(Buffer.from([0, 255]));
    expect(row!.day).toEqual(new Date(2026, 0, 31));
  });

  test("gets fields, command and count with fullResults", async () => {
    const inserted = await full`insert into items (id, name) values (1, 'one'), (2, 'two')`;
    expect(inserted).toMatchObject({ command: "INSERT", rowCount: 2, fields: [], rows: [] });
    const selected =
      (await full`select id, name, 1 as id from items where id = 1`) as FullQueryResults<false>;
    expect(selected).toMatchObject({ command: "SELECT", rowCount: 1, rowAsArray: false });
    const [{ oid }] = (await direct.query("select 'items'::regclass::oid::int as oid")).rows;
    expect(selected.fields[0]).toEqual({
      name: "id",
      dataTypeID: types.builtins.INT4,
      tableID: oid,
      columnID: 1,
      dataTypeSize: 4,
      dataTypeModifier: -1,
      format: "text",
    });
    expect(await full`create table other ()`).toMatchObject({ command: "CREATE", rowCount: null });
    expect(await full`select 1 where false`).toMatchObject({ rowCount: 0, rows: [] });
    expect(await full`update items set name = name where false`).toMatchObject({
      command: "UPDATE",
      rowCount: 0,
    });
  });

  test("gets rows as arrays, with columns of one name", async () => {
    const rows = await sql.query("select 1 as a, 2 as a", [], { arrayMode: true });
    expect(rows).toEqual([[1, 2]]);
  });

  test("gets Postgres's errors with all their fields", async () => {
    const error = await sql`insert into items (id, name) values (1, 'again')`.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NeonDbError);
    expect(error).toMatchObject({
      message: 'duplicate key value violates unique constraint "items_pkey"',
      severity: "ERROR",
      code: "23505",
      detail: "Key (id)=(1) already exists.",
      schema: "public",
      table: "items",
      constraint: "items_pkey",
      file: "nbtinsert.c",
      routine: "_bt_check_unique",
    });
    expect((error as NeonDbError).line).toMatch(/^\d+$/);
    await expect(sql`select nonsense`).rejects.toMatchObject({ code: "42703", position: "8" });
    await expect(sql.query("select 1; select 2")).rejects.toMatchObject({ code: "42601" });
    await expect(sql.query("do $$ begin perform 1/0; end $$")).rejects.toMatchObject({
      code: "22012",
      where: expect.stringContaining("PL/pgSQL"),
    });
  });

  test("keeps nothing of a session from one request to the next", async () => {
    await sql`set timezone = 'Asia/Tokyo'`;
    await sql`select set_config('my.secret', 'x', false)`;
    for (let round = 0; round < 20; round += 1) {
      const [row] =
        await sql`select current_setting('timezone') as zone, current_setting('my.secret', true) as secret`;
      expect(row!.zone).not.toBe("Asia/Tokyo");
      expect(row!.secret ?? "").toBe("");
    }
  });

  test("runs a transaction: all or nothing", async () => {
    const results = await sql.transaction([
      sql`insert into items (id, name) values (10, 'ten')`,
      sql`select name from items where id = 10`,
    ]);
    expect(results).toEqual([[], [{ name: "ten" }]]);
    await expect(
      sql.transaction([
        sql`insert into items (id, name) values (11, 'eleven')`,
        sql`insert into items (id, name) values (10, 'ten')`,
      ]),
    ).rejects.toMatchObject({ code: "23505" });
    expect(await sql`select 1 from items where id = 11`).toEqual([]);
    expect(await sql.transaction([])).toEqual([]);
  });

  test("runs a transaction in the mode it asks for", async () => {
    const levels = {
      ReadUncommitted: "read uncommitted",
      ReadCommitted: "read committed",
      RepeatableRead: "repeatable read",
      Serializable: "serializable",
    } as const;
    for (const [isolationLevel, name] of Object.entries(levels)) {
      const results = await sql.transaction([sql`select current_setting('transaction_isolation') as level`], {
        isolationLevel: isolationLevel as keyof typeof levels,
      });
      expect(results).toEqual([[{ level: name }]]);
    }
    const modes = { isolationLevel: "Serializable", readOnly: true, deferrable: true } as const;
    const results = await sql.transaction(
      [
        sql`select current_setting('transaction_read_only') as ro, current_setting('transaction_deferrable') as d`,
      ],
      modes,
    );
    expect(results).toEqual([[{ ro: "on", d: "on" }]]);
    await expect(
      sql.transaction([sql`insert into items (id) values (99)`], { readOnly: true }),
    ).rejects.toMatchObject({ code: "25006" });
  });

  test("gets an error of the commit itself", async () => {
    await expect(sql.transaction([sql`insert into items (id, late) values (20, 999)`])).rejects.toMatchObject(
      {
        code: "23503",
      },
    );
    await expect(sql`insert into items (id, late) values (20, 999)`).rejects.toMatchObject({ code: "23503" });
  });

  test("gets an answer of many megabytes", async () => {
    const rows = await sql`select n, repeat('ü', 1000) as text from generate_series(1, 10000) n`;
    expect(rows.length).toBe(10_000);
    expect(rows[9_999]).toEqual({ n: 10_000, text: "ü".repeat(1000) });
  });

  test("reads dates, intervals, floats and bytes, whatever form their owner prefers elsewhere", async () => {
    const user = decodeURIComponent(new URL(home.urls.pooled).username);
    const preferred = {
      datestyle: "german",
      intervalstyle: "iso_8601",
      extra_float_digits: "-3",
      bytea_output: "escape",
    };
    for (const [name, value] of Object.entries(preferred)) {
      await direct.query(`alter role ${pg.escapeIdentifier(user)} set ${name} = ${pg.escapeLiteral(value)}`);
    }
    try {
      const values =
        "select '2026-11-21'::date::text as d, '1 day 2:03'::interval::text as i, 0.1::float8 + 0.2 as f, '\\x00ff'::bytea as b";
      for (let round = 0; round < 3; round++) {
        const { body } = await post({ query: values }, raw);
        expect(body.rows).toEqual([["2026-11-21", "1 day 02:03:00", "0.30000000000000004", "\\x00ff"]]);
      }
    } finally {
      await direct.query(`alter role ${pg.escapeIdentifier(user)} reset all`);
    }
  });

  test("takes a pool's queries too, where the driver is told to send them so", async () => {
    neonConfig.poolQueryViaFetch = true;
    const pool = new Pool({ connectionString: home.urls.pooled });
    try {
      const { rows, rowCount } = await pool.query("select $1::int as n", [7]);
      expect([rows, rowCount]).toEqual([[{ n: 7 }], 1]);
    } finally {
      neonConfig.poolQueryViaFetch = false;
      await pool.end();
    }
  });

  test("runs many queries at once", async () => {
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => sql`select ${n}::int as n`));
    expect(results.map((rows) => rows[0]!.n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  test("is let in with the database's token instead of the password", async () => {
    const url = withUrl((one) => {
      one.password = "";
    });
    const byToken = neon(url, { authToken: home.shop.token });
    expect(await byToken`select 1 as one`).toEqual([{ one: 1 }]);
    const byWrongToken = neon(home.urls.pooled, { authToken: "0".repeat(64) });
    await expect(byWrongToken`select 1`).rejects.toMatchObject({ code: "Y2002" });
  });
});

describe("logins of /sql", () => {
  test.each([
    ["a wrong password", (url: URL) => (url.password = "wrong")],
    ["no password", (url: URL) => (url.password = "")],
    ["an unknown user", (url: URL) => (url.username = "nobody")],
    ["the superuser", (url: URL) => (url.username = "postern_admin")],
    ["another database's host", (url: URL) => (url.hostname = "db-0123456789ab.localhost")],
  ])("are refused with 28P01 for %s", async (_what, change) => {
    const { status, body } = await post({ query: "select 1" }, { "neon-connection-string": withUrl(change) });
    expect([status, body.code]).toEqual([400, "28P01"]);
    expect(body.message).toMatch(/^password authentication failed for user "/);
  });

  test("are refused with 3D000 for another database's name, once the password is right", async () => {
    const url = withUrl((one) => {
      one.pathname = "/postgres";
    });
    const { status, body } = await post({ query: "select 1" }, { "neon-connection-string": url });
    expect([status, body.code]).toEqual([400, "3D000"]);
  });

  test("find the database by the host in the connection string, wherever they arrive", async () => {
    const host = withUrl((one) => {
      one.host = home.shop.host;
    });
    const pooler = withUrl((one) => {
      one.hostname = `${home.shop.id}-pooler.localhost`;
    });
    for (const url of [
      host,
      pooler,
      home.urls.pooled,
      `${home.urls.pooled}?sslmode=require&channel_binding=prefer`,
    ]) {
      for (const path of ["/sql", `/v1/db/${home.shop.id}/sql`]) {
        const { body } = await post({ query: "select 1" }, { ...raw, "neon-connection-string": url }, path);
        expect(body.rows).toEqual([["1"]]);
      }
    }
  });

  test.each(["api", "apiauth"])("are taken at %s.<domain>, the name that drivers make up", async (label) => {
    const [hostname, port] = home.address.split(":");
    const sent = request({
      hostname,
      port,
      path: "/sql",
      method: "POST",
      headers: { host: `${label}.localhost:${port}`, "neon-connection-string": home.urls.pooled, ...raw },
    });
    sent.end(JSON.stringify({ query: "select 1" }));
    const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) =>
      sent.once("response", resolve).once("error", reject),
    );
    expect([answer.statusCode, ((await json(answer)) as { rows: unknown }).rows]).toEqual([200, [["1"]]]);
  });

  test("tolerate what other poolers' URLs carry", async () => {
    const url = `${home.urls.pooled}?pgbouncer=true&connection_limit=1&pool_timeout=5&options=-c%20a.b%3Dc&schema=public`;
    const { body } = await post({ query: "select 1" }, { ...raw, "neon-connection-string": url });
    expect(body.rows).toEqual([["1"]]);
  });

  test("follow a password that was changed with SQL, within a second", async () => {
    const user = new URL(home.urls.pooled).username;
    const changed = withUrl((one) => {
      one.password = encodeURIComponent("changed by SQL: ü %");
    });
    const old = decodeURIComponent(new URL(home.urls.pooled).password);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await direct.query(
      `alter role ${pg.escapeIdentifier(user)} password ${pg.escapeLiteral("changed by SQL: ü %")}`,
    );
    const codeFor = async (url: string) =>
      (await post({ query: "select 1" }, { "neon-connection-string": url })).body.code as string | undefined;
    try {
      await waitUntil(
        "the old password is refused",
        async () => (await codeFor(home.urls.pooled)) !== undefined,
        2_000,
      );
      expect(await codeFor(changed)).toBeUndefined();
    } finally {
      await direct.query(`alter role ${pg.escapeIdentifier(user)} password ${pg.escapeLiteral(old)}`);
    }
    await waitUntil(
      "the old password is back",
      async () => (await codeFor(home.urls.pooled)) === undefined,
      2_000,
    );
  });

  test("are slowed down for those who guess, and for nobody else", async () => {
    const guess = (n: number) =>
      post(
        { query: "select 1" },
        { "neon-connection-string": withUrl((one) => (one.password = `guess${n}`)) },
      );
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    const statuses: number[] = [];
    for (let n = 0; n < 25; n += 1) statuses.push((await guess(n)).status);
    expect(statuses.at(-1)).toBe(429);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  });
});

describe("an application's user over /sql", () => {
  let issuer: TestIssuer;
  const asUser = async (sub: string) =>
    neon(`postgresql://authenticated@${home.shop.host}/any`, { authToken: await issuer.sign({ sub }) });

  beforeAll(async () => {
    issuer = await startTestIssuer();
    for (const statement of [
      "create table notes (user_id text not null default auth.uid(), body text unique)",
      "insert into notes values ('ada', 'a'), ('bob', 'b')",
      "alter table notes enable row level security",
      "create policy own on notes to authenticated using (user_id = (select auth.uid()))",
      "grant select, insert on notes to authenticated",
    ]) {
      await sql.query(statement);
    }
    await home.postern.api("PUT", `/v1/databases/${home.shop.id}/client-access`, { issuer: issuer.url });
  });
  afterAll(() => issuer.close());

  test("sees the rows that are his, by one query and in a transaction", async () => {
    const ada = await asUser("ada");
    expect(await ada`select body from notes`).toEqual([{ body: "a" }]);
    const bob = await asUser("bob");
    expect(await bob.transaction([bob`select body from notes`, bob`select auth.uid() as me`])).toEqual([
      [{ body: "b" }],
      [{ me: "bob" }],
    ]);
    await expect(ada`select * from items`).rejects.toMatchObject({ code: "42501" });
  });

  test("is found by the database's name where the host names none", async () => {
    const { database } = home.urls;
    const ada = neon(`postgresql://authenticated@127.0.0.1/${database}`, {
      authToken: await issuer.sign({ sub: "ada" }),
    });
    expect(await ada`select body from notes`).toEqual([{ body: "a" }]);
  });

  test("is not told of rows that he may not see", async () => {
    const ada = await asUser("ada");
    const error = await ada`insert into notes (body) values ('b')`.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "23505",
      detail: undefined,
      constraint: undefined,
      table: undefined,
    });
  });

  test("is refused with a bad token, in a way that the driver reads", async () => {
    const expired = neon(home.urls.pooled, { authToken: await issuer.sign({ sub: "ada", exp: 1 }) });
    await expect(expired`select 1`).rejects.toMatchObject({ code: "Y2010" });
  });
});

describe("/sql", () => {
  test("takes more from the owner than from users, also where timings are asked for", async () => {
    const text = "x".repeat(2 * 1024 * 1024);
    const question = { query: "select length($1)::int as n", params: [text] };
    for (const headers of [{}, { "server-timing": "1" }] as Record<string, string>[]) {
      const { status, body } = await post(question, headers);
      expect([status, body.rows]).toEqual([200, [{ n: text.length }]]);
    }
  });

  test("answers raw text and arrays as the driver asks for them", async () => {
    const { status, headers, body } = await post(
      { query: "select true as a, 1 as b, '\\x00ff'::bytea as c, array[1,null] as d, null as e" },
      raw,
    );
    expect(status).toBe(200);
    expect(headers.get("content-type")).toMatch(/^application\/json/);
    expect(body).toMatchObject({
      rowAsArray: true,
      command: "SELECT",
      rowCount: 1,
      rows: [["t", "1", "\\x00ff", "{1,NULL}", null]],
    });
  });

  test("answers values by their types to whoever does not ask for text", async () => {
    await direct.query("create type mood as enum ('ok'); create domain small as int");
    const { body } = await post({
      query: `select true as b, 1::int2 as i2, 2 as i4, 3::int8 as i8, 1.5::float8 as f8, 'NaN'::float4 as f4, 1.10::numeric as n,
        '{"a": 1}'::jsonb as j, array[1, null] as ints, array[true] as bools, array['x'] as texts, 'ok'::mood as m, 5::small as s`,
    });
    expect(body.rows).toEqual([
      {
        b: true,
        i2: 1,
        i4: 2,
        i8: "3",
        f8: 1.5,
        f4: "NaN",
        n: "1.10",
        j: { a: 1 },
        ints: [1, null],
        bools: [true],
        texts: ["x"],
        m: "ok",
        s: 5,
      },
    ]);
    expect(body.rowAsArray).toBe(false);
  });

  test("takes parameters that are no strings", async () => {
    const { body } = await post({
      query: "select $1::int as i, $2::bool as b, $3::jsonb->>'k' as j, $4::int[] as a, $5::text as n",
      params: [1, true, { k: "v" }, [1, null], null],
    });
    expect(body.rows).toEqual([{ i: 1, b: true, j: "v", a: [1, null], n: null }]);
  });

  test("lets `arrayMode` of the body go before the header", async () => {
    const { body } = await post({ query: "select 1 as one", arrayMode: false }, raw);
    expect(body.rows).toEqual([{ one: "1" }]);
  });

  test("answers a batch with its results in order, and says in which mode it ran", async () => {
    const { body, headers } = await post(
      { queries: [{ query: "select 1 as one" }, { query: "select $1 as two", params: ["2"] }] },
      { ...raw, "neon-batch-isolation-level": "Serializable", "neon-batch-read-only": "true" },
    );
    expect(body.results.map((result: { rows: unknown }) => result.rows)).toEqual([[["1"]], [["2"]]]);
    expect(headers.get("neon-batch-isolation-level")).toBe("Serializable");
    expect(headers.get("neon-batch-read-only")).toBe("true");
    expect((await post({ queries: [] })).body).toEqual({ results: [] });
  });

  test("answers one error for a batch, with every field", async () => {
    const { status, body } = await post({ queries: [{ query: "select 1" }, { query: "select nonsense" }] });
    expect(status).toBe(400);
    expect(Object.keys(body).sort()).toEqual(
      [
        ..."message code severity detail hint position internalPosition internalQuery where schema table column".split(
          " ",
        ),
        ..."dataType constraint file line routine request_id".split(" "),
      ].sort(),
    );
    expect(body).toMatchObject({ code: "42703", position: "8", table: null });
  });

  test.each([
    ["no JSON", "select 1", "Y1002"],
    ["JSON that is no object", "7", "Y1001"],
    ["no query", {}, "Y1001"],
    ["parameters that are no list", { query: "select 1", params: {} }, "Y1001"],
    ["queries that are no list", { queries: 1 }, "Y1001"],
    ["a query of a batch that is none", { queries: [null] }, "Y1001"],
    ["an empty query", { query: " " }, "Y1012"],
    ["COMMIT", { query: "commit" }, "Y1007"],
    ["COPY", { query: "copy items from stdin" }, "Y1011"],
  ])("refuses %s with 400", async (_what, body, code) => {
    const answer = await post(body);
    expect([answer.status, answer.body.code]).toEqual([400, code]);
    expect(answer.body.message).not.toBe("");
  });

  test.each([
    ["no connection string", { "neon-connection-string": "" }],
    ["a connection string of another kind", { "neon-connection-string": "mysql://a:b@c/d" }],
    ["a connection string that is badly encoded", { "neon-connection-string": "postgresql://%:b@c/d" }],
    ["an isolation level that is none", { "neon-batch-isolation-level": "Chaos" }],
  ])("refuses %s with 400", async (_what, headers) => {
    const { status, body } = await post({ query: "select 1" }, headers);
    expect([status, body.code]).toEqual([400, "Y1001"]);
  });

  test("refuses too large a body with 413 and too large an answer with 507", async () => {
    expect((await post({ query: `select '${"x".repeat(11 * 1024 * 1024)}'` })).status).toBe(413);
    const { status, body } = await post({
      query: "select repeat('x', 1000000) from generate_series(1, 100)",
    });
    expect([status, body.code]).toEqual([507, "Y1008"]);
  });

  test("cancels the statement of a client that goes", async () => {
    const going = new AbortController();
    const asked = fetch(`http://${home.address}/sql`, {
      method: "POST",
      headers: { "neon-connection-string": home.urls.pooled },
      body: JSON.stringify({ query: "select pg_sleep(300), 'gone away'" }),
      signal: going.signal,
    });
    const active = async () =>
      (
        await direct.query(
          "select count(*)::int as n from pg_stat_activity where state = 'active' and strpos(query, $1) > 0 and pid <> pg_backend_pid()",
          ["'gone away'"],
        )
      ).rows[0].n;
    await waitUntil("the statement runs", async () => (await active()) === 1);
    going.abort();
    await expect(asked).rejects.toThrow();
    await waitUntil("the statement has ended", async () => (await active()) === 0, 10_000);
  });
});

describe("CORS on /sql", () => {
  test("answers a browser's question with what may be sent", async () => {
    for (const path of ["/sql", `/v1/db/${home.shop.id}/sql`]) {
      const answer = await fetch(`http://${home.address}${path}`, {
        method: "OPTIONS",
        headers: { origin: "https://app.example", "access-control-request-method": "POST" },
      });
      expect(answer.status).toBe(204);
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect(answer.headers.get("access-control-allow-methods")).toBe("POST, OPTIONS");
      expect(answer.headers.get("access-control-max-age")).toBe("86400");
      const allowed = answer.headers.get("access-control-allow-headers")!.toLowerCase().split(", ");
      for (const header of [
        "authorization",
        "content-type",
        "neon-connection-string",
        "neon-raw-text-output",
        "neon-array-mode",
        "neon-pool-opt-in",
        "neon-batch-isolation-level",
        "neon-batch-read-only",
        "neon-batch-deferrable",
      ]) {
        expect(allowed).toContain(header);
      }
    }
  });

  test("lets every origin read answers and errors alike", async () => {
    for (const [body, headers] of [
      [{ query: "select 1" }, {}],
      [{ query: "select nonsense" }, {}],
      ["no JSON", {}],
      [{ query: "select 1" }, { "neon-connection-string": "" }],
    ] as const) {
      expect((await post(body, headers)).headers.get("access-control-allow-origin")).toBe("*");
    }
  });
});
