/** The ports of a gateway for Postgres sessions, and those who want more of them than they may have, before a server that asks for passwords. */
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DirectSessions } from "../../src/daemon/gateway/sessions/open-direct.ts";
import { sendCancel } from "../../src/daemon/gateway/sessions/open-pooled.ts";
import { SessionDoors } from "../../src/daemon/gateway/sessions/session-doors.ts";
import { anyFreePort } from "../../src/instances/free-port.ts";
import { dialServer } from "../../src/runtime/relay/dial-server.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

const database = "db_0123456789ab";
let server: TestServer;
let admin: pg.Client;
let address: { host: string; port: number };
let doors: SessionDoors;

beforeAll(async () => {
  address = { host: "127.0.0.1", port: await anyFreePort("127.0.0.1") };
  server = await startTestServer({
    listen_addresses: "127.0.0.1",
    port: String(address.port),
    max_connections: "150",
  });
  admin = await server.connect();
  for (const role of ["guest", "trusted"])
    await admin.query(`create role ${role} login superuser password 'a guest'`);
  await admin.query(`create database ${database}`);
  const { rows } = await admin.query<{ hba_file: string }>("show hba_file");
  const rules = "local all all trust\nhost all trusted all trust\nhost all all all scram-sha-256\n";
  await writeFile(rows[0]!.hba_file, rules);
  await admin.query("select pg_reload_conf()");
  doors = await openDoors();
}, 60_000);
afterAll(async () => {
  await doors?.stop(0);
  await server?.stop();
});

async function openDoors(): Promise<SessionDoors> {
  const endpoint = { host: address.host, tls: null };
  const direct = new DirectSessions(
    { endpoints: () => [endpoint], askAt: async () => ({ type: "port", port: address.port }) } as never,
    () => {},
  );
  const opened = new SessionDoors({
    listen: "127.0.0.1",
    ports: { pool: 0, direct: 0 },
    insecure: false,
    certificate: null,
    open: {
      pool: async ({ packet }) => {
        const socket = await dialServer(address, null);
        socket.write(packet);
        const cancel = async (request: Buffer) => sendCancel(await dialServer(address, null), request);
        return { socket, greeting: undefined, cancel };
      },
      direct: (start) => direct.open(start),
    },
    cancelElsewhere: () => {},
  });
  await opened.start();
  return opened;
}

async function session(port: number, user = "guest", password = "a guest"): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, user, password, database });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const say = (port: number, bytes: Buffer) =>
  new Promise<Socket>((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      socket.write(bytes);
      resolve(socket);
    });
    socket.on("error", () => socket.destroy()).resume();
  });

function startup(user: string, minor = 0, options = ""): Buffer {
  const version = String.fromCharCode(0, 3, 0, minor);
  const content = Buffer.from(`....${version}user\0${user}\0database\0${database}\0${options}\0`);
  content.writeUInt32BE(content.length);
  return content;
}

it("asks for the password itself where a server trusts the gateway's address", async () => {
  await expect(session(doors.ports.direct, "trusted", "guessed")).rejects.toMatchObject({ code: "28000" });
  await expect(session(doors.ports.direct, "guest", "guessed")).rejects.toMatchObject({ code: "28P01" });
  const client = await session(doors.ports.direct);
  expect((await client.query("select current_user as who")).rows).toEqual([{ who: "guest" }]);
  await client.end();
});

it.each([
  ["a newer protocol", startup("guest", 2), []],
  ["an option of the protocol", startup("guest", 0, "_pq_.new\0on\0"), ["_pq_.new"]],
])("says what is spoken to a client that asks for %s", async (_, start, unknown) => {
  const ask = (port: number) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(start));
      socket.once("data", (heard) => {
        socket.destroy();
        resolve(heard.subarray(0, heard.readUInt32BE(1) + 1).toString("latin1"));
      });
    });
  const heard = await ask(doors.ports.direct);
  const head = `v\0\0\0${String.fromCharCode(12 + unknown.join("").length + unknown.length)}\0\x03\0\0`;
  const rest = [`\0\0\0${String.fromCharCode(unknown.length)}`, ...unknown.map((name) => `${name}\0`)];
  expect(heard).toBe(head + rest.join(""));
  // A server of this protocol says the same.
  expect(await ask(address.port)).toBe(heard);
});

it("keeps the places of sessions for those who have said who they are", async () => {
  const known = await session(doors.ports.pool);
  const silent = await Promise.all(
    Array.from({ length: 100 }, () => say(doors.ports.pool, startup("guest"))),
  );
  await waitUntil("all wait to be let in", async () => doors.count("pool") === 101);
  await expect(session(doors.ports.pool)).rejects.toThrow();
  expect((await known.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  for (const socket of silent) socket.destroy();
  await waitUntil("they have gone", async () => doors.count("pool") === 1);
  await (await session(doors.ports.pool)).end();
  await known.end();
}, 60_000);

const cancelOfNothing = Buffer.from([0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 1]);

it.each([
  ["another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["a request to cancel", cancelOfNothing],
])("cuts off who does not go: %s", async (_, words) => {
  const socket = await say(doors.ports.pool, words);
  await waitUntil(
    "it is cut off",
    async () => {
      if (!socket.destroyed) socket.write("x");
      return socket.destroyed;
    },
    8_000,
  );
});

it("adds nothing to a statement of which it has passed on a part", async () => {
  const own = await openDoors();
  const client = await session(own.ports.pool);
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  const statement = Buffer.from("Q....create schema parts_of_i");
  // Two bytes are still to come: the last letter and the end of the text.
  statement.writeUInt32BE(statement.length - 1 + 2, 1);
  stream.write(statement);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await own.stop(100);
  await waitUntil("its session is gone", async () => {
    const { rows } = await admin.query("select from pg_stat_activity where usename = 'guest'");
    return rows.length === 0;
  });
  const here = await server.connect({ database });
  const { rows } = await here.query("select nspname from pg_namespace where nspname like 'parts%'");
  expect(rows).toEqual([]);
});
