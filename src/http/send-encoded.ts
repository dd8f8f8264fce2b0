/** In charge of sending JSON that is encoded already: the bytes go out as they are, headers and body in one write. */
import type { FastifyReply } from "fastify";
import { type AnswerHold, cutSlowReader } from "./hold-answer.ts";
import type { EncodedAnswer } from "./services/query-services.ts";

export function sendEncoded(
  reply: FastifyReply,
  { chunks, byteLength }: EncodedAnswer,
  hold?: AnswerHold,
): void {
  const times = reply.request.stageTimes;
  if (times !== null) reply.header("server-timing", times.entries.join(", "));
  reply.header("content-type", "application/json; charset=utf-8").header("content-length", byteLength);
  // The framework takes one buffer only, and joining the chunks would copy up to the largest answer.
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, reply.getHeaders() as Record<string, string>);
  const last = chunks.length - 1;
  for (let index = 0; index < last; index += 1) raw.write(chunks[index]);
  raw.end(chunks[last]);
  if (hold) cutSlowReader(raw, byteLength, hold);
}
