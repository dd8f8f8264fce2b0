/** In charge of the header by which a caller sends a write twice and has it done once. */
import type { IncomingMessage } from "node:http";
import { posternError } from "../base/error.ts";

const acceptable = /^[\x21-\x7e]{1,128}$/;

/** @throws Y1001 */
export function readIdempotencyKey({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  const given = headers["idempotency-key"];
  if (given === undefined || (typeof given === "string" && acceptable.test(given))) return given as string;
  throw posternError("Y1001", "The idempotency key cannot be used.", {
    hint: "It has 1 to 128 visible ASCII characters; a UUID is a good one.",
  });
}
