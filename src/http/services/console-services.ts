/** In charge of naming what the HTTP server needs for the console: who is signed in to it. */
import type {
  ConsoleLink,
  ConsoleSessionInfo,
  ConsoleSignInRequest,
  CurrentConsoleSession,
} from "@postern/sdk/protocol";
import type { ConsoleCaller, Visitor } from "../../access/console-sessions.ts";
import type { AccountPrincipal, DatabasePrincipal } from "../../access/principal.ts";

export interface ConsoleService {
  /** @throws Y1092 */
  authenticate(secret: string | undefined): Promise<ConsoleCaller>;
  /** The data plane of one of the account's databases; only to read, unless the session may change things. @throws Y3001 */
  openDatabase(caller: ConsoleCaller, databaseId: string): Promise<DatabasePrincipal>;
  /** @throws Y2002 Y2005 Y1093 */
  signIn(
    input: ConsoleSignInRequest,
    visitor: Visitor,
  ): Promise<{ secret: string; session: CurrentConsoleSession }>;
  /** @throws Y1092 */
  describe(secret: string | undefined): Promise<CurrentConsoleSession>;
  list(principal: AccountPrincipal): Promise<ConsoleSessionInfo[]>;
  /** @throws Y1094 */
  end(principal: AccountPrincipal, id: string): Promise<void>;
  /** Until when the session may change things; null: it may not. */
  unlock(caller: ConsoleCaller, unlocked: boolean): Promise<string | null>;
  issueLink(principal: AccountPrincipal): Promise<ConsoleLink>;
}
