/** In charge of what answers past the framework have in common: their headers, and bytes that go out in few writes. */
import type { ServerResponse } from "node:http";
import { standingHeaders } from "./follow-request.ts";
import { type AnswerHold, cutSlowReader } from "./hold-answer.ts";
import type { EncodedAnswer } from "./services/query-services.ts";
import { linesType } from "./stream-answer.ts";

/** What proxies log for a client that went before it was answered; nobody ever receives it. */
export const clientGoneStatus = 499;

const smallBytes = 16 * 1024;

export function sendDirectly(
  response: ServerResponse,
  headers: string[],
  { chunks, byteLength }: EncodedAnswer,
  hold: AnswerHold,
): void {
  response.writeHead(200, headers);
  const last = chunks.length - 1;
  if (last === 0 && byteLength < smallBytes) {
    sendSmall(response, chunks[0]!);
    return;
  }
  for (let index = 0; index < last; index += 1) response.write(chunks[index]);
  response.end(chunks[last]);
  cutSlowReader(response, byteLength, hold);
}

/** Head and body as one text in one write: Node joins them when nothing else is to come, and gathers pieces otherwise. */
function sendSmall(response: ServerResponse, body: Buffer): void {
  const { socket } = response;
  socket?.cork();
  response.write(body.toString("latin1"), "latin1");
  socket?.uncork();
  response.end();
}

/** The same for an answer that is streamed. */
export const streamHeaders = (id: string, others: readonly string[] = []): string[] => [
  ...others,
  ...standing,
  "x-request-id",
  id,
  "content-type",
  linesType,
];

const standing = Object.entries(standingHeaders).flat();

export const directHeaders = (id: string, length: number, others: readonly string[] = []): string[] => [
  ...others,
  ...standing,
  "x-request-id",
  id,
  "content-type",
  "application/json; charset=utf-8",
  "content-length",
  String(length),
];
