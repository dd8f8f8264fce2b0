/** The ports of a gateway for Postgres sessions, before a real server: who is let in, and how sessions end. */
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendCancel } from "../../src/daemon/gateway/sessions/open-pooled.ts";
import { SessionDoors } from "../../src/daemon/gateway/sessions/session-doors.ts";
import { anyFreePort } from "../../src/instances/free-port.ts";
import { dialServer } from "../../src/runtime/relay/dial-server.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

let server: TestServer;
let address: { host: string; port: number };

beforeAll(async () => {
  address = { host: "127.0.0.1", port: await anyFreePort("127.0.0.1") };
  server = await startTestServer({ listen_addresses: "127.0.0.1", port: String(address.port) });
  const admin = await server.connect();
  await admin.query("create role guest login superuser password 'a guest'");
  await admin.end();
});
afterAll(() => server?.stop());

async function openDoors({ listen = "127.0.0.1", insecure = false } = {}): Promise<SessionDoors> {
  const lead = async ({ packet }: { packet: Buffer }) => {
    const socket = await dialServer(address, null);
    socket.write(packet);
    return {
      socket,
      greeting: undefined,
      cancel: async (request: Buffer) => sendCancel(await dialServer(address, null), request),
    };
  };
  const doors = new SessionDoors({
    listen,
    ports: { pool: 0, direct: 0 },
    insecure,
    certificate: null,
    open: { pool: lead, direct: lead },
    cancelElsewhere: () => {},
  });
  await doors.start();
  return doors;
}

/** With what it has failed of. */
async function session(
  { ports }: SessionDoors,
  host = "127.0.0.1",
): Promise<{ client: pg.Client; failures: string[] }> {
  const client = new pg.Client({
    host,
    port: ports.pool,
    user: "guest",
    password: "a guest",
    database: "postgres",
  });
  const failures: string[] = [];
  client.on("error", (error) => failures.push((error as { code?: string }).code ?? error.message));
  await client.connect();
  return { client, failures };
}

const codeOf = (error: { code?: string }) => error.code;

describe("a drain", () => {
  it("ends sessions between their transactions with 57P01, and lets the others come to that point", async () => {
    const doors = await openDoors();
    const [idle, busy, open] = await Promise.all([session(doors), session(doors), session(doors)]);
    const slow = busy.client.query("select pg_sleep(1), 'whole' as answer");
    await open.client.query("begin");
    await open.client.query("create table kept (n int)");
    const stopped = doors.stop(30_000);
    await waitUntil("the idle one has ended", async () => idle.failures.includes("57P01"));
    expect((await slow).rows).toMatchObject([{ answer: "whole" }]);
    await waitUntil("the busy one has ended", async () => busy.failures.includes("57P01"));
    await open.client.query("insert into kept values (1)");
    expect(open.failures).toEqual([]);
    await open.client.query("commit");
    await waitUntil("the open one has ended", async () => open.failures.includes("57P01"));
    await stopped;
    await expect(session(doors)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const admin = await server.connect();
    expect((await admin.query("select n from kept")).rows).toEqual([{ n: 1 }]);
    await admin.end();
  });

  it("cancels what has not come to an end in time, and leaves nothing at the server", async () => {
    const doors = await openDoors();
    const { client, failures } = await session(doors);
    const slow = client.query("select pg_sleep(60)").catch(codeOf);
    const admin = await server.connect();
    const running = async () => {
      const text = "select from pg_stat_activity where usename = 'guest' and state = 'active'";
      return (await admin.query(text)).rows.length > 0;
    };
    await waitUntil("it runs", running);
    const began = performance.now();
    await doors.stop(200);
    expect(await slow).toBe("57014");
    await waitUntil("it has ended", async () => failures.includes("57P01"));
    expect(performance.now() - began).toBeLessThan(10_000);
    await waitUntil("its session is gone", async () => {
      const { rows } = await admin.query("select from pg_stat_activity where usename = 'guest'");
      return rows.length === 0;
    });
    await admin.end();
  });
});

describe("whoever comes", () => {
  const say = (doors: SessionDoors, bytes?: Buffer) =>
    new Promise<{ socket: Socket; heard: Promise<string> }>((resolve) => {
      const socket = connect(doors.ports.pool, "127.0.0.1", () => {
        if (bytes) socket.write(bytes);
        resolve({ socket, heard });
      });
      const heard = new Promise<string>((done) => {
        let text = "";
        socket.on("data", (part) => (text += part.toString("latin1"))).on("error", () => {});
        socket.on("close", () => done(text));
      });
    });

  it("and speaks another protocol is told so", async () => {
    const doors = await openDoors();
    const { heard } = await say(doors, Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    expect(await heard).toContain("08P01");
    await doors.stop(0);
  });

  it("and says nothing takes no place from others", async () => {
    const doors = await openDoors();
    const silent = await Promise.all(Array.from({ length: 100 }, () => say(doors)));
    const { heard } = await say(doors);
    expect(await heard).toBe("");
    silent[0]!.socket.destroy();
    await waitUntil("there is room", async () => {
      const one = await session(doors).catch(() => undefined);
      await one?.client.end();
      return one !== undefined;
    });
    await doors.stop(0);
    await Promise.all(silent.map(({ heard }) => heard));
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === "IPv4" && !one.internal)?.address;

  it.skipIf(outside === undefined)("from another machine, encrypts, or is told to", async () => {
    const doors = await openDoors({ listen: "0.0.0.0" });
    await expect(session(doors, outside)).rejects.toMatchObject({ code: "28000" });
    await (await session(doors)).client.end();
    await doors.stop(0);
    const open = await openDoors({ listen: "0.0.0.0", insecure: true });
    await (await session(open, outside)).client.end();
    await open.stop(0);
  });

  it("and wants to cancel, cancels the session whose key it has", async () => {
    const doors = await openDoors();
    const { client } = await session(doors);
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const request = Buffer.alloc(16);
    for (const [at, value] of [16, 80_877_102, processID, secretKey].entries())
      request.writeInt32BE(value, 4 * at);
    const slow = client.query("select pg_sleep(60)").catch(codeOf);
    await (await say(doors, request)).heard;
    expect(await slow).toBe("57014");
    await client.end();
    await waitUntil("it is counted no more", async () => doors.count("pool") === 0);
    await doors.stop(0);
  });
});
