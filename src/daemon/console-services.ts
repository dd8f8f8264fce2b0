/** In charge of giving the HTTP server the functions behind signing in to the console. */
import {
  authenticateConsole,
  describeCurrentSession,
  endSession,
  issueConsoleLink,
  listSessions,
  signInToConsole,
  unlockConsole,
} from "../access/console-sessions.ts";
import { findDatabase } from "../databases/find-database.ts";
import type { AccessService } from "../http/services/access-services.ts";
import type { ConsoleService } from "../http/services/console-services.ts";
import type { Platform } from "../instances/platform.ts";
import { apiUrl } from "./describe-daemon.ts";

export function consoleServices(
  platform: Platform,
  access: Pick<AccessService, "authenticateKey">,
): ConsoleService {
  const { state } = platform;
  const context = { state, authenticateKey: (apiKey: string) => access.authenticateKey(apiKey) };
  return {
    authenticate: (secret) => authenticateConsole(context, secret),
    async openDatabase({ principal, unlocked }, ref) {
      const { id } = await findDatabase(state, principal, ref);
      return { kind: "database", databaseId: id, ...(!unlocked && { readOnly: true }) };
    },
    signIn: (input, visitor) => signInToConsole(context, input, visitor),
    describe: (secret) => describeCurrentSession(context, secret),
    list: (principal) => listSessions(context, principal),
    end: (principal, id) => endSession(context, principal, id),
    unlock: ({ sessionId }, unlocked) => unlockConsole(context, sessionId, unlocked),
    async issueLink(principal) {
      const { token, expires_at } = await issueConsoleLink(context, principal);
      // Behind the #, so that it reaches no log, no proxy, and no preview that merely looks at the address.
      return { url: `${apiUrl(platform)}/console/#link=${token}`, expires_at };
    },
  };
}
