/**
 * In charge of answers whose rows leave as they come, a line of JSON each. Until the first line has left, a failure is
 * answered like any other; after that it is the last line.
 */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { PosternError } from "../base/error.ts";
import type { AnswerSink } from "./services/query-services.ts";

const lines = "application/x-ndjson";
export const linesType = `${lines}; charset=utf-8`;

/** Does the caller ask for lines? */
export const wantsLines = (accept: string | undefined): boolean => accept?.includes(lines) ?? false;

/** Longest that what is left of an answer may lie unread, milliseconds. */
const lingerMs = 30_000;

export class ResponseSink implements AnswerSink {
  onDrain: (() => void) | undefined;
  /** The status is on its way. */
  isStarted = false;
  readonly #response: ServerResponse;
  readonly #head: () => OutgoingHttpHeaders | string[];

  constructor(response: ServerResponse, head: () => OutgoingHttpHeaders | string[]) {
    this.#response = response;
    this.#head = head;
    response.on("drain", () => this.onDrain?.());
  }

  write(bytes: Uint8Array): boolean {
    // Its reader has gone: whoever writes hears of that by itself.
    if (this.#response.destroyed) return false;
    if (!this.isStarted) {
      this.isStarted = true;
      this.#response.writeHead(200, this.#head());
    }
    return this.#response.write(bytes);
  }

  /** `error`: what kept the answer from its end. */
  end(error?: PosternError): void {
    if (this.#response.destroyed) return;
    this.#response.setTimeout(lingerMs, () => this.#response.destroy());
    if (error) this.#response.end(`${JSON.stringify({ error: error.toBody() })}\n`);
    else this.#response.end();
  }
}
