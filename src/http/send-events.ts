/** In charge of server-sent events: each value of a sequence as one `data:` event, until it ends or the client goes. */
import type { FastifyReply } from "fastify";
import type { Observe } from "../base/observation.ts";
import { describeError } from "./send-error.ts";

/** Proxies close what is silent, often after a minute. */
const heartbeatMs = 15_000;

/** Resolves when all is sent. A failure before the first value is thrown, and so answered as on any other route. */
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
  const heartbeat = setInterval(() => raw.write(": still here\n\n"), heartbeatMs);
  try {
    while (!next.done && !raw.destroyed) {
      raw.write(`data: ${JSON.stringify(next.value)}\n\n`);
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
