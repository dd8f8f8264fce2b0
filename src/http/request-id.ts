/** In charge of the id that ties a request, its answer and its log line together. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

const acceptable = /^[A-Za-z0-9._:-]{1,128}$/;

/** The caller's own `x-request-id` where it is harmless in logs and headers. */
export function givenRequestId(headers: IncomingMessage["headers"]): string | undefined {
  const given = headers["x-request-id"];
  return typeof given === "string" && acceptable.test(given) ? given : undefined;
}

export const newRequestId = (): string => `req-${randomUUID()}`;

/** The caller's own, else a new one. */
export const requestIdOf = (request: IncomingMessage): string =>
  givenRequestId(request.headers) ?? newRequestId();
