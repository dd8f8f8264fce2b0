/** In charge of sessions of one role that structured queries share: each is a transaction of its own, which begins with whose it is. */
import type { VerifiedClaims } from "../access/principal.ts";
import type { ClientLogins } from "../instances/client-access.ts";
import type { DatabaseAddress } from "../instances/database-address.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";
import { identityOf, prepareIdentity, prepareStatements } from "../query/client/client-sessions.ts";
import {
  attachRequestCall,
  attachStatement,
  type RequestMark,
  type Signer,
  writePreparedAttachRequest,
} from "../query/client/sign-identity.ts";
import { openSession } from "../query/open-session.ts";
import type { SharedContext } from "../query/shared/run-shared.ts";
import { SharedPool } from "../query/shared/shared-pool.ts";
import type { WritePrelude } from "../query/shared/shared-request.ts";
import { type AskCatalog, StatementBook } from "../query/shared/statement-book.ts";
import type { Audience } from "../query/shared/verify-profile.ts";
import { patience } from "./session-patience.ts";

export interface SharedRecordsOptions {
  place: DatabaseAddress & { settings: Record<string, string> };
  audience: Audience;
  catalog: SharedContext["catalog"];
  limits: { answerBytes: number; statementTimeoutMs: number };
  /** As the owner. */
  ask: AskCatalog;
  onCatalogChange(): void;
}

/** What the log tells comes beside the answer, and must not use up its room. */
const logBytes = 64 * 1024 * 1024;

export function openSharedRecords(options: SharedRecordsOptions): SharedContext {
  const { place, audience, catalog, limits, ask, onCatalogChange } = options;
  const shared = new SharedPool({
    ...patience,
    catalog,
    ...limits,
    besideBytes: logBytes,
    isolates: true,
    open: async (signal) => {
      const connection = await openSession({ ...place, timeoutMs: 10_000 }, 5_000, signal);
      return audience === "client" ? prepareIdentity(connection) : prepareMark(connection);
    },
  });
  const book = new StatementBook({
    ask,
    onCatalogChange() {
      shared.retire();
      onCatalogChange();
    },
    audience,
    isMarked: true,
  });
  return { shared, book, catalog, limits };
}

/** Postern's own statement, ready in each session of the owner's. */
const prepareMark = (connection: WireConnection): Promise<WireConnection> =>
  prepareStatements(connection, { [attachStatement]: attachRequestCall });

/** What a request begins with on a session that requests share. */
export async function preludeFor(
  context: { signer: Signer; openClients(): Promise<{ logins: ClientLogins }> },
  identity: "owner" | VerifiedClaims,
  mark: RequestMark,
): Promise<WritePrelude> {
  if (identity === "owner")
    return (out, connection) => {
      writePreparedAttachRequest(out, context.signer, connection, mark);
      return 1;
    };
  const { logins } = await context.openClients();
  return identityOf({ login: logins.authenticated, macKey: logins.macKey }, identity, mark);
}
