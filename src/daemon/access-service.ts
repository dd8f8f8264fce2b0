/** In charge of giving the HTTP server the functions that find out who is asking. */
import { Authenticator } from "../access/authenticate.ts";
import { type LoginAttempt, LoginAuthenticator } from "../access/authenticate-login.ts";
import { createReadLogin } from "../access/read-login.ts";
import { findClientAccess } from "../databases/client-access.ts";
import { createRateLimiter } from "../http/rate-limiter.ts";
import type { AccessService } from "../http/services.ts";
import type { Platform } from "../instances/platform.ts";
import { findDatabaseIdByInnerName } from "../state/logins.ts";
import { openClientAuthenticator } from "./open-client-authenticator.ts";

export function accessService(platform: Platform): AccessService & Pick<Authenticator, "forget"> {
  const guesses = createRateLimiter({ burst: 10, perSecond: 1 / 6 }, platform.clock);
  const { config, observe } = platform;
  const clients = openClientAuthenticator(config, (id) => findClientAccess(platform, id), observe);
  const logins = new LoginAuthenticator(createReadLogin(platform), {
    take: (key) => guesses.take(key).retryAfterSeconds,
    giveBack: guesses.giveBack,
  });
  return Object.assign(new Authenticator(platform.state, undefined, clients), {
    authenticateLogin: (attempt: LoginAttempt) => logins.authenticate(attempt),
    findDatabaseId: (innerName: string) => findDatabaseIdByInnerName(platform.state, innerName),
  });
}
