/** In charge of reading the secret that a request presents. It is read from the Authorization header and nowhere else. */
import type { IncomingMessage } from "node:http";
import { missingCredentials } from "../access/refusals.ts";
import { posternError } from "../base/error.ts";

const bearerPattern = /^Bearer +([\x21-\x7e]+) *$/i;

/** @throws Y2001 without the header, Y2002 when it is malformed, Y1001 when there are two. */
export function requireBearer(request: IncomingMessage): string {
  const secret = findBearer(request);
  if (secret === undefined) throw missingCredentials();
  return secret;
}

/** @throws Y2002 when it is malformed: a bad credential is never taken for none. */
export function findBearer(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  refuseDuplicates(request.rawHeaders);
  const secret = bearerPattern.exec(header)?.[1];
  if (secret === undefined) {
    throw posternError("Y2002", "The Authorization header is malformed.", {
      hint: "Send `Authorization: Bearer <token or API key>`.",
    });
  }
  return secret;
}

/** Node keeps the first of several; a proxy in front may have looked at another. */
function refuseDuplicates(rawHeaders: readonly string[]): void {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 13 && name.toLowerCase() === "authorization") count += 1;
  }
  if (count > 1) throw posternError("Y1001", "The request has more than one Authorization header.");
}
