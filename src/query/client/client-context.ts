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
import { type StreamLimits, streamLimits } from "../stream-limits.ts";
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
  /** For answers that are streamed. */
  streams: { authenticated: BatchContext; anonymous: BatchContext };
  /** Requests under way, by caller. */
  underWay: Map<string, number>;
}

const secondMs = 1_000;

const patience = {
  queueLength: 200,
  queueTimeoutMs: 8 * secondMs,
  idleTimeoutMs: 60 * secondMs,
  maxLifetimeMs: 10 * 60 * secondMs,
};

/** @param owner The owner's side of the same database: it is asked about types and about what may be shared. */
export function createClientContext(
  owner: QueryContext,
  logins: ClientLogins,
  limits: ClientLimits,
  streaming: StreamLimits = streamLimits,
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
  const streams = {
    authenticated: openStreams(owner, logins.authenticated, logins, limits, streaming),
    anonymous: openStreams(owner, logins.anonymous, logins, limits, streaming),
  };
  return { logins, authenticated, anonymous, streams, underWay: new Map() };
}

function openStreams(
  { address, catalog }: QueryContext,
  user: string,
  logins: ClientLogins,
  { answerBytes }: ClientLimits,
  { clientDurationMs, sessions }: StreamLimits,
): BatchContext {
  const settings = { ...logins.settings, ...sessionSettings(clientDurationMs) };
  const pool = new SessionPool({ ...patience, open: openAs(address, user, settings), size: sessions });
  return { catalog, pool, limits: { answerBytes, statementTimeoutMs: clientDurationMs } };
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
  const shared = Math.max(1, Math.floor(connectionsPerRole / 2));
  return {
    pool: new SessionPool({
      ...patience,
      open: open.alone,
      size: Math.max(1, connectionsPerRole - shared),
    }),
    shared: new SharedPool({
      ...patience,
      open: open.shared,
      size: shared,
      catalog,
      answerBytes,
      statementTimeoutMs,
      isolates: true,
    }),
  };
}

const poolsOf = ({ authenticated, anonymous, streams }: ClientContext) => [
  ...[authenticated, anonymous].flatMap(({ pool, shared }) => [pool, shared]),
  streams.authenticated.pool,
  streams.anonymous.pool,
];

export function closeIdleClients(context: ClientContext): void {
  for (const pool of poolsOf(context)) pool.closeIdle();
}

export async function closeClientContext(context: ClientContext, because: PosternError): Promise<void> {
  await Promise.all(poolsOf(context).map((pool) => pool.close(because)));
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
