import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Client, neonConfig, Pool } from "@neondatabase/serverless";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { encodeSimpleQuery, encodeStartup, terminate } from "../../src/postgres/wire/frontend-messages.ts";
import { MessageWriter } from "../../src/postgres/wire/message-writer.ts";
import { type NeonHome, startNeonHome } from "../support/neon-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let home: NeonHome;
let pool: Pool;
let direct: pg.Client;

beforeAll(async () => {
  home = await startNeonHome();
  pool = new Pool({ connectionString: home.urls.pooled, max: 3 });
  direct = new pg.Client({ connectionString: home.urls.direct });
  await direct.connect();
  await direct.query("create table items (id int primary key, name text unique)");
});
afterAll(async () => {
  await direct?.end();
  await home?.postern.close();
});

const login = () => new URL(home.urls.pooled);

function passwordMessage(password: string): Buffer {
  const out = new MessageWriter();
  out.begin(0x70);
  out.cString(password);
  out.end();
  return out.take();
}

/** What the driver sends as its first piece. */
const opening = (sql: string, password = decodeURIComponent(login().password)) =>
  Buffer.concat([
    encodeStartup({ user: login().username, database: login().pathname.slice(1) }),
    passwordMessage(password),
    encodeSimpleQuery(sql),
  ]);

async function openSocket(path = "/v2"): Promise<{ socket: WebSocket; heard: () => Buffer }> {
  const socket = new WebSocket(`ws://${home.address}${path}`);
  const chunks: Buffer[] = [];
  socket.on("message", (data: Buffer) => chunks.push(data));
  await once(socket, "open");
  return { socket, heard: () => Buffer.concat(chunks) };
}

const countActive = async (text: string) =>
  (
    await direct.query(
      "select count(*)::int as n from pg_stat_activity where state = 'active' and strpos(query, $1) > 0 and pid <> pg_backend_pid()",
      [text],
    )
  ).rows[0].n as number;

describe("the Neon driver over a WebSocket", () => {
  test("queries with a pool, with parameters and types", async () => {
    const { rows, fields, rowCount } = await pool.query(
      "select $1::int as n, $2::jsonb as j, $3::bytea as b, $4::timestamptz as t, array[1, null] as a",
      [7, { a: [1] }, Buffer.from([0, 255]), new Date(0)],
    );
    expect(rowCount).toBe(1);
    expect(fields.map((field) => field.name)).toEqual(["n", "j", "b", "t", "a"]);
    expect(rows[0]).toMatchObject({ n: 7, j: { a: [1] }, t: new Date(0), a: [1, null] });
    expect(Buffer.from(rows[0].b)).toEqual(Buffer.from([0, 255]));
  });

  test("runs a transaction on one client, and rolls it back", async () => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("insert into items values (1, 'one')");
      expect((await client.query("select * from items")).rowCount).toBe(1);
      await client.query("rollback");
      expect((await client.query("select * from items")).rowCount).toBe(0);
    } finally {
      client.release();
    }
  });

  test("runs many queries at once", async () => {
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, n) => pool.query("select $1::int as n", [n])),
    );
    expect(results.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
  });

  test("gets Postgres's errors with their fields and goes on", async () => {
    const client = new Client(home.urls.pooled);
    await client.connect();
    try {
      await expect(client.query("insert into items values (1, 'a'), (1, 'b')")).rejects.toMatchObject({
        code: "23505",
        severity: "ERROR",
        table: "items",
        constraint: "items_pkey",
      });
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    } finally {
      await client.end();
    }
  });

  test("works without pipelining the login, and with a request for TLS in front", async () => {
    for (const setting of [
      { pipelineConnect: false },
      { pipelineConnect: false, forceDisablePgSSL: false },
    ]) {
      const client = new Client(home.urls.pooled);
      Object.assign(client.neonConfig, setting);
      await client.connect();
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
      await client.end();
    }
  });

  test("is refused with a wrong password", async () => {
    const wrong = login();
    wrong.password = "wrong";
    const client = new Client(wrong.href);
    client.on("error", () => {});
    client.neonConfig.pipelineConnect = false;
    await expect(client.connect()).rejects.toMatchObject({ code: "28P01", severity: "FATAL" });
  });

  test("is refused for an unknown user the same way", async () => {
    const unknown = login();
    unknown.username = "nobody";
    const client = new Client(unknown.href);
    client.on("error", () => {});
    client.neonConfig.pipelineConnect = false;
    await expect(client.connect()).rejects.toMatchObject({ code: "28P01" });
  });

  test("carries a value of 20 MB there and back", async () => {
    const { rows } = await pool.query("select $1::text as big", ["é".repeat(10_000_000)]);
    expect(rows[0].big.length).toBe(10_000_000);
    expect(rows[0].big.endsWith("é")).toBe(true);
  });
});

describe("/v2", () => {
  test("reads frames of one byte", async () => {
    const { socket, heard } = await openSocket();
    for (const byte of opening("select 'split' as s")) socket.send(Buffer.from([byte]));
    await waitUntil("the answer is here", async () => heard().includes("split"));
    socket.send(terminate);
    const [code] = await once(socket, "close");
    expect(code).toBe(1005); // a close frame without a code; 1006 would be none
  });

  test("is at a database's path and with a query string as well, which leads nowhere else", async () => {
    const { socket, heard } = await openSocket(`/v1/db/${home.shop.id}/v2?address=10.255.255.1:1`);
    socket.send(opening("select 'here' as s"));
    await waitUntil("the answer is here", async () => heard().includes("here"));
    socket.terminate();
  });

  test("offers neither a subprotocol nor compression", async () => {
    const socket = new WebSocket(`ws://${home.address}/v2`, { perMessageDeflate: true });
    const [response] = await once(socket, "upgrade");
    expect(response.headers["sec-websocket-protocol"]).toBeUndefined();
    expect(response.headers["sec-websocket-extensions"]).toBeUndefined();
    socket.terminate();
  });

  test("ends the statement of a socket that is cut off", async () => {
    const { socket } = await openSocket();
    socket.send(opening("select pg_sleep(300), 'cut off'"));
    await waitUntil("the statement runs", async () => (await countActive("'cut off'")) === 1);
    socket.terminate();
    await waitUntil("the statement has ended", async () => (await countActive("'cut off'")) === 0, 10_000);
  });

  test("ends the statement of a socket that is cut off while rows stream to it", async () => {
    const { socket } = await openSocket();
    socket.send(opening("select repeat('x', 1000), 'streamed', generate_series(1, 100000000)"));
    await once(socket, "message");
    await waitUntil("the statement runs", async () => (await countActive("'streamed'")) === 1);
    socket.terminate();
    await waitUntil("the statement has ended", async () => (await countActive("'streamed'")) === 0, 10_000);
  });

  test("keeps the pace of a slow reader and loses nothing", async () => {
    const { socket } = await openSocket();
    let bytes = 0;
    socket.on("message", (data: Buffer) => {
      bytes += data.length;
      // Reads a little, rests, reads on.
      socket.pause();
      setImmediate(() => socket.resume());
    });
    const before = await memoryOfDaemon();
    socket.pause();
    socket.send(opening("select repeat('y', 100000) as row from generate_series(1, 1500)"));
    await waitUntil("the server is held up", async () => (await waitsForClient("'y'")) === 1);
    expect((await memoryOfDaemon()) - before).toBeLessThan(60 * 1024 * 1024);
    socket.resume();
    await waitUntil("all rows are here", async () => bytes > 150_000_000);
    expect(bytes).toBeLessThan(150_100_000);
    socket.terminate();
  });

  test("refuses text frames", async () => {
    const { socket } = await openSocket();
    socket.send("select 1");
    const [code] = await once(socket, "close");
    expect(code).toBe(1003);
  });

  test.each([
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a start-up packet without an end", Buffer.from([0, 0, 255, 255, 0, 3, 0, 0])],
    ["version 2 of the protocol", Buffer.from([0, 0, 0, 9, 0, 2, 0, 0, 0])],
    ["requests for TLS without end", Buffer.from("0000000804d2162f".repeat(5), "hex")],
  ])("refuses %s in the words of the protocol", async (_what, bytes) => {
    const { socket, heard } = await openSocket();
    socket.send(bytes);
    await once(socket, "close");
    expect(heard().toString("latin1")).toMatch(/ESFATAL|E.*SFATAL\0VFATAL\0C08P01\0/s);
  });

  test("passes a cancel request on", async () => {
    const { socket, heard } = await openSocket();
    socket.send(opening("select pg_sleep(300), 'please cancel'"));
    await waitUntil("the statement runs", async () => (await countActive("'please cancel'")) === 1);
    const at = heard().indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
    const key = heard().subarray(at + 5, at + 13);
    const { socket: second } = await openSocket();
    second.send(Buffer.concat([Buffer.from([0, 0, 0, 16, 4, 210, 22, 46]), key]));
    await once(second, "close");
    await waitUntil("the statement is cancelled", async () => heard().includes("C57014"));
    socket.terminate();
  });

  test("answers plain HTTP that upgrading is what it is for", async () => {
    const answer = await home.ask("GET /v2", { secret: null });
    expect(answer.status).toBe(426);
    expect(answer.headers.upgrade).toBe("websocket");
    expect(answer.body.code).toBe("Y1020");
  });

  test("lets go of the driver when a statement fails in a pool", async () => {
    await expect(pool.query("select nonsense")).rejects.toMatchObject({ code: "42703" });
    expect(neonConfig.useSecureWebSocket).toBe(false);
    await waitUntil("the session is idle", async () => (await countActive("nonsense")) === 0);
  });
});

describe("when Postern stops", () => {
  test("open WebSockets end with 1001, and do not hold it up", async () => {
    const { socket, heard } = await openSocket();
    socket.send(opening("select 'still open' as s"));
    await waitUntil("the answer is here", async () => heard().includes("still open"));
    const closed = once(socket, "close");
    await pool.end();
    await direct.end();
    const startedAt = performance.now();
    await home.postern.stop("SIGTERM");
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect((await closed)[0]).toBe(1001);
  });
});

/** Resident bytes of the daemon that this test started. */
async function memoryOfDaemon(): Promise<number> {
  const { pid } = JSON.parse(await readFile(`${home.postern.home}/daemon.json`, "utf8"));
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}

const waitsForClient = async (text: string) =>
  (
    await direct.query(
      "select count(*)::int as n from pg_stat_activity where wait_event = 'ClientWrite' and strpos(query, $1) > 0",
      [text],
    )
  ).rows[0].n as number;
