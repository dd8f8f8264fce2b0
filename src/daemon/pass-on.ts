/** In charge of what of a message is passed on to another server, and of its answer back. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** These concern one connection; between two others nothing is kept but what the headers of a message say. */
const perConnection = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "upgrade"];

/** Names in lower case of headers that are left out. */
export const leftOut = (...more: string[]): ReadonlySet<string> => new Set([...perConnection, ...more]);

/** Names and values in turn, as they came. */
export function passedOn(rawHeaders: readonly string[], dropped: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!dropped.has(rawHeaders[at]!.toLowerCase())) kept.push(rawHeaders[at]!, rawHeaders[at + 1]!);
  }
  return kept;
}

export function passAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  dropped: ReadonlySet<string>,
): void {
  const headers = passedOn(answer.rawHeaders, dropped);
  // The only way in which a 426 says what it wants.
  if (answer.headers.upgrade !== undefined) headers.push("upgrade", answer.headers.upgrade);
  response.writeHead(answer.statusCode!, answer.statusMessage, headers);
  answer.pipe(response);
  answer.on("error", () => response.destroy());
}
