/** Streams of events to clients that read slowly, or not at all. */

import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import Fastify from "fastify";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sendEvents } from "../../../src/http/send-events.ts";
import { waitUntil } from "../../support/wait-until.ts";

const server = () => Fastify({ forceCloseConnections: true });
let fastify: ReturnType<typeof server>;
let made = 0;
let isOver = false;

async function* values() {
  try {
    for (; made < 2_000; made += 1) yield "x".repeat(65_536);
  } finally {
    isOver = true;
  }
}

beforeEach(async () => {
  made = 0;
  isOver = false;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  fastify = server();
  fastify.get("/", async (_request, reply) => void (await sendEvents(reply, values(), () => {})));
  await fastify.listen({ port: 0, host: "127.0.0.1" });
});
afterEach(async () => {
  vi.useRealTimers();
  await fastify.close();
});

function ask() {
  const client = connect((fastify.server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => {});
  client.write("GET / HTTP/1.1\r\nhost: here\r\n\r\n");
  return client;
}

/** Until no more is made for a while. */
async function standing(): Promise<number> {
  let before = -1;
  await waitUntil("the stream stands", async () => {
    const stands = made > 0 && made === before;
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return stands;
  });
  return made;
}

it("makes no more values than are taken, and goes on with who takes them", async () => {
  const client = ask();
  client.pause();
  expect(await standing()).toBeLessThan(500);
  client.resume();
  await waitUntil("all are taken", async () => made === 2_000);
  client.destroy();
});

it("leaves who takes nothing for two heartbeats", async () => {
  const client = ask();
  client.pause();
  await standing();
  vi.advanceTimersByTime(15_000);
  expect(isOver).toBe(false);
  vi.advanceTimersByTime(15_000);
  await waitUntil("the stream is over", async () => isOver);
  client.destroy();
});
