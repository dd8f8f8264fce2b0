import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { claimFor, createAnswerHold, cutSlowReader } from "../../../src/http/hold-answer.ts";
import { dial } from "../../support/http-client.ts";

const answerBytes = 24 * 1024 * 1024;
let server: Server;
let socket: Socket;
afterEach(() => {
  socket.destroy();
  server.close();
});

/** A request that nothing was answered to yet. */
async function ask(readerTimeoutMs: number) {
  const hold = createAnswerHold({ answerMemoryBytes: answerBytes * 2, readerTimeoutMs });
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  socket = await dial((server.address() as AddressInfo).port);
  socket.pause();
  const asked = once(server, "request") as Promise<[unknown, ServerResponse]>;
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const [, response] = await asked;
  return { response, hold };
}

/** Resolves once the whole answer is written and nobody has taken any of it. */
async function answerLarge(readerTimeoutMs: number) {
  const { response, hold } = await ask(readerTimeoutMs);
  claimFor(response, hold, "db-1").grow(answerBytes, true);
  response.writeHead(200, { "content-length": answerBytes }).end(Buffer.alloc(answerBytes));
  cutSlowReader(response, answerBytes, hold);
  return { response, room: hold.room };
}

it("listens to a response once its answer takes some of the room, and only once", async () => {
  const { response, hold } = await ask(300);
  const before = response.listenerCount("close");
  const claim = claimFor(response, hold, "db-1");
  claim.startOver();
  expect(response.listenerCount("close")).toBe(before);
  claim.grow(100_000, true);
  claim.grow(200_000, true);
  claim.addBlocks([Buffer.alloc(8)]);
  expect(response.listenerCount("close")).toBe(before + 1);
});

it("holds nothing for who has gone before the answer was made", async () => {
  const { response, hold } = await ask(300);
  const claim = claimFor(response, hold, "db-1");
  const gone = once(response, "close");
  socket.destroy();
  await gone;
  claim.grow(answerBytes, true);
  expect(hold.room.held).toBe(0);
});

it("cuts off who takes nothing, and gives back what he held", async () => {
  const { response, room } = await answerLarge(300);
  expect(room.held).toBe(answerBytes);
  await once(response, "close");
  expect(room.held).toBe(0);
  let taken = 0;
  socket.on("data", (piece: Buffer) => (taken += piece.length)).resume();
  await once(socket, "close");
  // What the operating system had taken over already.
  expect(taken).toBeLessThan(answerBytes);
});

it("lets who takes a little again and again go on, longer than anybody may be silent", async () => {
  const { room } = await answerLarge(2_000);
  const startedAt = performance.now();
  let taken = 0;
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    taken += (piece as Buffer).length;
    if (taken >= answerBytes) break;
    const pauseMs = (4_000 * (piece as Buffer).length) / answerBytes;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  expect(taken).toBeGreaterThanOrEqual(answerBytes);
  expect(performance.now() - startedAt).toBeGreaterThan(2_000);
  expect(room.held).toBe(0);
});
