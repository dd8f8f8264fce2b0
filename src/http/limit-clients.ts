/** In charge of how often a client of a database may come: a user by subject, whoever else by address. */
import { type ClientPrincipal, callerOf } from "../access/principal.ts";
import type { RateLimit } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import { createRateLimiter, networkOf } from "./rate-limiter.ts";

/** Seconds until the caller may come again; 0: it may now. Each process counts for itself. */
export type ClientLimiter = (principal: ClientPrincipal, address: string) => number;

/** Null: nobody is limited. */
export function createClientLimiter(rate: RateLimit | null): ClientLimiter {
  if (rate === null) return () => 0;
  const limiter = createRateLimiter(rate);
  return ({ databaseId, claims }, address) => {
    const caller = claims ? callerOf(claims) : `from ${networkOf(address)}`;
    return limiter.take(`${databaseId} ${caller}`).retryAfterSeconds;
  };
}

export const tooManyRequests = (retryAfterSeconds: number) =>
  posternError("Y1018", "There are too many requests from you.", {
    hint: `Try again in ${retryAfterSeconds} s.`,
  });
