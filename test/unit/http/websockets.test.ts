import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type HttpFixture, httpFixture } from "../../support/http-fixture.ts";

let fixture: HttpFixture;
let port: number;
let clients: Duplex[];

/** A server whose sessions send back what they get, and log in at once if asked to. */
async function start(options: Parameters<typeof httpFixture>[0] = {}, logsIn = true): Promise<void> {
  fixture = httpFixture(options);
  clients = [];
  fixture.services.tunnel.run = async (client, onOpen) => {
    clients.push(client);
    if (logsIn) onOpen();
    client.pipe(client, { end: false });
    await once(client, "end").catch(() => {});
    client.destroy();
  };
  port = await fixture.server.listen();
}
afterEach(() => fixture.server.close(100));

const open = async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v2`);
  await once(socket, "open");
  return socket;
};

/** Status with which an upgrade is refused. */
async function refusal(path: string, options = {}): Promise<{ status: number; code: string }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  const [, response] = await once(socket, "unexpected-response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, code: JSON.parse(Buffer.concat(chunks).toString()).code };
}

async function exchange(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("upgrades", () => {
  test("to WebSocket carry binary messages at /v2", async () => {
    await start();
    const socket = await open();
    socket.send(Buffer.from([1, 2]));
    expect((await once(socket, "message"))[0]).toEqual(Buffer.from([1, 2]));
    await fixture.observed("request", ({ route, status }) => route === "/v2" && status === 101);
  });

  test("elsewhere are answered with 404", async () => {
    await start();
    expect(await refusal("/v2x")).toEqual({ status: 404, code: "Y1005" });
    expect(await refusal("/query")).toEqual({ status: 404, code: "Y1005" });
    await fixture.observed("request", ({ code }) => code === "Y1005");
  });

  test("to a protocol that is not spoken are requests like any other", async () => {
    await start();
    const socket = createConnection(port, "127.0.0.1");
    const answer = await exchange(
      socket,
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
        "HTTP2-Settings: AAEAAEAA\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  test("keep the body of such a request", async () => {
    await start();
    const body = JSON.stringify({ username: "nobody", password: "wrong" });
    const socket = createConnection(port, "127.0.0.1");
    socket.write(
      "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.slice(0, 5));
    socket.write(`${body.slice(5)}`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toContain("Y2005");
    socket.destroy();
  });

  test("beyond the limit are answered with 503 until a socket closes", async () => {
    await start({ webSockets: { mostSockets: 1 } });
    const socket = await open();
    expect(await refusal("/v2")).toEqual({ status: 503, code: "Y1022" });
    socket.close();
    await once(socket, "close");
    const next = await open();
    next.terminate();
  });

  test("end when more than a first query comes without a login", async () => {
    await start({ limits: { bodyBytes: 4096 } }, false);
    const socket = await open();
    socket.send(Buffer.alloc(8192));
    const [code] = await once(socket, "close");
    expect(code).toBe(1006);
  });

  test("carry more than that after the login", async () => {
    await start({ limits: { bodyBytes: 4096 } });
    const socket = await open();
    socket.send(Buffer.alloc(100_000));
    expect((await once(socket, "message"))[0]).toHaveLength(100_000);
  });

  test("end with 1001 when the server closes", async () => {
    await start();
    const socket = await open();
    const [[code]] = await Promise.all([once(socket, "close"), fixture.server.close()]);
    expect(code).toBe(1001);
    expect(clients.map((client) => client.destroyed)).toEqual([true]);
  });

  test("end when the server closes although the client does not answer", async () => {
    await start();
    const socket = await open();
    socket.pause();
    await fixture.server.close();
    expect(clients.map((client) => client.destroyed)).toEqual([true]);
    socket.terminate();
  });
});

describe("plain ws:// from another machine", () => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === "IPv4" && !one.internal)?.address;

  test.skipIf(address === undefined)("is refused unless it is allowed", async () => {
    await start({ listen: "0.0.0.0" });
    const socket = new WebSocket(`ws://${address}:${port}/v2`);
    const [, response] = await once(socket, "unexpected-response");
    expect(response.statusCode).toBe(403);
    response.destroy();
    await fixture.server.close();
    await start({ listen: "0.0.0.0", webSockets: { insecure: true } });
    const allowed = new WebSocket(`ws://${address}:${port}/v2`);
    await once(allowed, "open");
    allowed.terminate();
  });
});
