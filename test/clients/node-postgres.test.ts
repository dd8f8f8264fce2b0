/** node-postgres, with its cursor, its query stream and its COPY. */
import { type EventEmitter, once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("pg", (target) => {
  let pool: pg.Pool;
  beforeAll(() => {
    pool = new pg.Pool({ connectionString: target().url, max: 5 });
  });
  afterAll(() => pool.end());

  const withClient = async <Result>(work: (client: pg.PoolClient) => Promise<Result>) => {
    const client = await pool.connect();
    try {
      return await work(client);
    } finally {
      client.release();
    }
  };

  it("reads every common type as its own parsers understand it", async () => {
    const { rows } = await pool.query(
      `select $1::int as i, $2::bigint as b, $3::jsonb as j, $4::text[] as a, $5::timestamptz as t, $6::bytea as y, null as n`,
      [1, "9007199254740993", { k: [1] }, ["x", 'y"'], new Date(0), Buffer.from([0, 255])],
    );
    expect(rows[0]).toEqual({
      i: 1,
      b: "9007199254740993",
      j: { k: [1] },
      a: ["x", 'y"'],
      t: new Date(0),
      y: Buffer.from([0, 255]),
      n: null,
    });
  });

  it("runs a named statement on whichever connection it gets", async () => {
    const query = { name: "twice", text: "select $1::int * 2 as n" };
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => pool.query({ ...query, values: [n] })),
    );
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 60 }, (_, n) => n * 2));
  });

  it("commits and rolls back", async () => {
    await pool.query("create table entries (id int primary key)");
    await withClient(async (client) => {
      await client.query("begin");
      await client.query("insert into entries values (1)");
      await client.query("rollback");
      await client.query("begin");
      await client.query("insert into entries values (2)");
      await client.query("commit");
    });
    expect((await pool.query("select id from entries")).rows).toEqual([{ id: 2 }]);
  });

  it("gets Postgres's errors with all their fields, and goes on", async () => {
    await withClient(async (client) => {
      await client.query("create table taken (id int primary key)");
      await client.query("insert into taken values (1)");
      await expect(client.query("insert into taken values (1)")).rejects.toMatchObject({
        code: "23505",
        table: "taken",
        constraint: "taken_pkey",
        detail: "Key (id)=(1) already exists.",
      });
      await expect(client.query("select nothing_like_it")).rejects.toMatchObject({
        code: "42703",
        position: "8",
      });
      expect((await client.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
    });
  });

  it("reads a table's new shape by a named statement, or hears that its plan is stale", async () => {
    await withClient(async (client) => {
      await client.query("create table shape (a int)");
      const all = { name: "all of shape", text: "select * from shape" };
      await client.query(all);
      await client.query("alter table shape add b int");
      const again = client.query(all);
      // The pooler's reset forgets plans after every transaction; Postgres itself keeps them.
      if (target().path === "pooled")
        expect((await again).fields.map(({ name }) => name)).toEqual(["a", "b"]);
      else await expect(again).rejects.toMatchObject({ code: "0A000" });
    });
  });

  it("reads a cursor in a transaction", async () => {
    await withClient(async (client) => {
      await client.query("begin");
      const cursor = client.query(new Cursor("select generate_series(1, 250) as n"));
      const sizes: number[] = [];
      for (let rows = await cursor.read(100); rows.length > 0; rows = await cursor.read(100))
        sizes.push(rows.length);
      await cursor.close();
      await client.query("commit");
      expect(sizes).toEqual([100, 100, 50]);
    });
  });

  it("streams rows", async () => {
    await withClient(async (client) => {
      let sum = 0;
      const stream = client.query(new QueryStream("select generate_series(1, 5000) as n"));
      for await (const { n } of stream) sum += n;
      expect(sum).toBe(12_502_500);
    });
  });

  it("copies in and out", async () => {
    await withClient(async (client) => {
      await client.query("create table copied (n int, t text)");
      const lines = Array.from({ length: 2000 }, (_, n) => `${n}\tline ${n}\n`);
      await pipeline(Readable.from(lines), client.query(copyFrom("copy copied from stdin")));
      let out = "";
      const stream = client.query(copyTo("copy (select * from copied order by n) to stdout"));
      for await (const chunk of stream) out += chunk;
      expect(out).toBe(lines.join(""));
    });
  });

  it("sends and receives 16 MB in one value", async () => {
    const large = "x".repeat(16 * 1024 * 1024);
    const { rows } = await pool.query("select $1::text as t, length($1::text) as n", [large]);
    expect(rows[0].n).toBe(large.length);
    expect(rows[0].t === large).toBe(true);
  });

  it("cancels its own statement and no other's", async () => {
    const [one, other] = await Promise.all([newClient(target().url), newClient(target().url)]);
    const cancelled = one.query("select pg_sleep(30)").catch((error) => error.code);
    const undisturbed = other.query("select 'done' as t from pg_sleep(1)");
    await untilBothSleep(pool);
    await sendCancel(one);
    expect(await cancelled).toBe("57014");
    expect((await undisturbed).rows).toEqual([{ t: "done" }]);
    expect((await one.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
    await Promise.all([one.end(), other.end()]);
  });

  it("takes a URL with the parameters of Prisma's pooled URLs", async () => {
    const client = await newClient(`${target().url}?pgbouncer=true&connection_limit=1`);
    expect((await client.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
    await client.end();
  });

  it("is refused with a wrong password", async () => {
    const url = new URL(target().url);
    url.password = "wrong";
    await expect(newClient(url.href)).rejects.toMatchObject({
      code: target().path === "direct" ? "28P01" : "08P01",
      severity: "FATAL",
    });
  });
});

async function newClient(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  return client;
}

async function untilBothSleep(pool: pg.Pool): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await pool.query(
        "select count(*)::int as n from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()",
      );
      return rows[0].n;
    })
    .toBe(2);
}

/** The part of pg's Connection that its types leave out. */
interface CancelConnection extends EventEmitter {
  connect(port: number, host: string): void;
  cancel(processId: number, secretKey: number): void;
}

/** What pg itself does for a cancel request: a second connection that carries the first one's key. */
async function sendCancel(client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const connection = new pg.Connection({}) as unknown as CancelConnection;
  connection.connect(client.port, client.host);
  await once(connection, "connect");
  connection.cancel(processID, secretKey);
  await once(connection, "end");
}
