/**
 * In charge of telling requests of the console's own page from those of others: it comes from the address that it asks, and says so
 * in a header that no page of another origin may send.
 */
import type { FastifyRequest } from "fastify";
import { posternError } from "../../base/error.ts";

/** Any value when nobody is signed in yet, afterwards the session's own. */
export const consoleHeader = "x-postern-console";

/** @throws Y1091 for a request that another page could have made. */
export function requireOwnPage({ headers, method }: FastifyRequest): void {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") throw foreign(`sec-fetch-site is ${site}`);
  const { origin } = headers;
  const reads = method === "GET" || method === "HEAD";
  if (origin === undefined && !reads) throw foreign("it has no Origin header");
  if (origin !== undefined && !isAt(origin, headers.host))
    throw foreign("its Origin is not the address that it asks");
  if (headers[consoleHeader] === undefined) throw foreign(`it has no ${consoleHeader} header`);
}

const isAt = (origin: string, host: string | undefined): boolean =>
  host !== undefined && /^https?:\/\/[^/]+$/.test(origin) && hostOf(origin) === host.toLowerCase();

const hostOf = (origin: string): string => origin.slice(origin.indexOf("//") + 2).toLowerCase();

export const foreign = (detail: string) =>
  posternError("Y1091", "This request does not come from the console's own page.", { detail });
