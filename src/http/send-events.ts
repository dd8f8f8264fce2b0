/** In charge of server-sent events: each value of a sequence as one `data:` event, until it ends or the client goes. */
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import type { Observe } from "../base/observation.ts";
import { describeError } from "./send-error.ts";

/** Proxies close what is silent, often after a minute. */
const heartbeatMs = 15_000;

/**
 * Resolves when all is sent. A failure before the first value is thrown, and so answered as on any other route. Whoever reads slowly
 * gets values as slowly; whoever reads nothing from one heartbeat to the next but one is left.
 */
export async function sendEvents(
  reply: FastifyReply,
  values: AsyncIterable<unknown>,
  observe: Observe,
): Promise<void> {
  const iterator = values[Symbol.asyncIterator]();
  let next = await iterator.next();
  reply.header("content-type", "text/event-stream").header("x-accel-buffering", "no");
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  const heartbeat = setInterval(beatOf(raw), heartbeatMs);
  try {
    while (!next.done && !raw.destroyed) {
      if (!raw.write(`data: ${JSON.stringify(next.value)}\n\n`)) await room(raw);
      next = await iterator.next();
    }
  } catch (error) {
    // The status line is out: the error can only be an event of its own.
    raw.write(`event: error\ndata: ${JSON.stringify(describeError(error, reply.request, observe))}\n\n`);
  } finally {
    clearInterval(heartbeat);
    await iterator.return?.();
    raw.end();
  }
}

function beatOf(raw: ServerResponse): () => void {
  let wasFull = false;
  return () => {
    if (!raw.writableNeedDrain) raw.write(": still here\n\n");
    else if (wasFull) raw.destroy();
    wasFull = raw.writableNeedDrain;
  };
}

/** Until there is room again, or nobody who could make it. */
function room(raw: ServerResponse): Promise<void> {
  if (raw.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      raw.removeListener("drain", end);
      raw.removeListener("close", end);
      resolve();
    };
    raw.on("drain", end);
    raw.on("close", end);
  });
}
