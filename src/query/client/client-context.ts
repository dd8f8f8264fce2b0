/** In charge of what the data plane keeps for the clients of one database: sessions of login roles that may do nothing but become anon or authenticated. */
import type { ClientLimits } from "../../base/config.ts";
import { type PosternError, posternError } from "../../base/error.ts";
import type { ClientLogins } from "../../instances/client-access.ts";
import type { DatabaseAddress } from "../../instances/database-address.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import { openSession } from "../open-session.ts";
import { askBy, type QueryContext } from "../query-context.ts";
import type { BatchContext } from "../run-batch.ts";
import { SessionPool } from "../session-pool.ts";
import { sessionSettings } from "../session-settings.ts";
import { SharedPool } from "../shared/shared-pool.ts";
import { StatementBook } from "../shared/statement-book.ts";
import { anonymousSettings, prepareIdentity } from "./client-sessions.ts";

/** The sessions of one login role: lent to one request at a time, or shared by those that may. */
export interface ClientSessions extends BatchContext {
  limits: ClientLimits;
  shared: SharedPool;
  book: StatementBook;
}

export interface ClientContext {
  logins: ClientLogins;
  authenticated: ClientSessions;
  anonymous: ClientSessions;
  /** Requests under way, by caller. */
  underWay: Map<string, number>;
}

const secondMs = 1_000;

/** @param owner The owner's side of the same database: it is asked about types and about what may be shared. */
export function createClientContext(
  owner: QueryContext,
  logins: ClientLogins,
  limits: ClientLimits,
): ClientContext {
  const settings = { ...logins.settings, ...sessionSettings(limits.statementTimeoutMs) };
  const book = new StatementBook({
    ask: askBy(owner),
    onCatalogChange: () => {
      authenticated.shared.retire();
      anonymous.shared.retire();
    },
    audience: "client",
  });
  const contextOf = (sessions: SessionPair): ClientSessions => ({
    catalog: owner.catalog,
    limits,
    book,
    ...openPools(sessions, owner, limits),
  });
  const open = openAs(owner.address, logins.authenticated, settings);
  const authenticated = contextOf({
    alone: open,
    shared: async (signal) => prepareIdentity(await open(signal)),
  });
  const anonymous = contextOf({
    alone: openAs(owner.address, logins.anonymous, settings),
    shared: openAs(owner.address, logins.anonymous, { ...settings, ...anonymousSettings }),
  });
  return { logins, authenticated, anonymous, underWay: new Map() };
}

type OpenSession = (signal: AbortSignal) => Promise<WireConnection>;

interface SessionPair {
  alone: OpenSession;
  shared: OpenSession;
}

const openAs =
  (address: DatabaseAddress, user: string, settings: Record<string, string>): OpenSession =>
  (signal) =>
    openSession({ ...address, user, settings, timeoutMs: 10 * secondMs }, 2 * secondMs, signal);

function openPools(open: SessionPair, { catalog }: QueryContext, limits: ClientLimits) {
  const { connectionsPerRole, answerBytes, statementTimeoutMs } = limits;
  const options = {
    queueLength: 200,
    queueTimeoutMs: 8 * secondMs,
    idleTimeoutMs: 60 * secondMs,
    maxLifetimeMs: 10 * 60 * secondMs,
  };
  const shared = Math.max(1, Math.floor(connectionsPerRole / 2));
  return {
    pool: new SessionPool({
      ...options,
      open: open.alone,
      size: Math.max(1, connectionsPerRole - shared),
    }),
    shared: new SharedPool({
      ...options,
      open: open.shared,
      size: shared,
      catalog,
      answerBytes,
      statementTimeoutMs,
      isolates: true,
    }),
  };
}

export function closeIdleClients({ authenticated, anonymous }: ClientContext): void {
  for (const { pool, shared } of [authenticated, anonymous]) {
    pool.closeIdle();
    shared.closeIdle();
  }
}

export async function closeClientContext(
  { authenticated, anonymous }: ClientContext,
  because: PosternError,
): Promise<void> {
  const pools = [authenticated, anonymous].flatMap(({ pool, shared }) => [pool, shared]);
  await Promise.all(pools.map((pool) => pool.close(because)));
}

/** Runs `work` unless the caller has too many requests under way already. @throws Y1018 */
export async function countUnderWay<Result>(
  { underWay }: ClientContext,
  caller: string,
  most: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const count = underWay.get(caller) ?? 0;
  if (count >= most) {
    throw posternError("Y1018", `${most} of your requests are under way already.`, {
      hint: "Wait for their answers before you send more.",
    });
  }
  underWay.set(caller, count + 1);
  try {
    return await work();
  } finally {
    const left = underWay.get(caller)! - 1;
    if (left > 0) underWay.set(caller, left);
    else underWay.delete(caller);
  }
}
