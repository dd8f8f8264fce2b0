/** In charge of logins by what a connection URL holds, in the daemon and in its workers alike. */
import { type LoginAttempt, LoginAuthenticator } from "../access/authenticate-login.ts";
import type { ReadLogin } from "../access/read-login.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import type { DatabaseId } from "../base/id.ts";
import { createRateLimiter } from "../http/rate-limiter.ts";
import type { DataPlaneAccess } from "../http/services/access-services.ts";

export interface LoginLookups {
  readLogin: ReadLogin;
  /** By the name inside Postgres. */
  findDatabaseId(innerName: string): Promise<DatabaseId | undefined>;
}

export function loginAccess(
  { readLogin, findDatabaseId }: LoginLookups,
  clock: Clock = systemClock,
): Pick<DataPlaneAccess, "authenticateLogin" | "findDatabaseId"> {
  const guesses = createRateLimiter({ burst: 10, perSecond: 1 / 6 }, clock);
  const logins = new LoginAuthenticator(readLogin, {
    take: (key) => guesses.take(key).retryAfterSeconds,
    giveBack: guesses.giveBack,
  });
  return {
    authenticateLogin: (attempt: LoginAttempt) => logins.authenticate(attempt),
    findDatabaseId,
  };
}
