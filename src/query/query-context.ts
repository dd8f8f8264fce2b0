/** In charge of what the data plane keeps for one database: its sessions, and what it has learnt of its types. */

import type { Limits } from "../base/config.ts";
import type { DepartureSignal } from "../base/departure.ts";
import type { RequestTrace } from "../insights/request-trace.ts";
import type { DatabaseAddress } from "../instances/database-address.ts";
import type { AnswerClaim } from "./answer-room.ts";
import type { Signer } from "./client/sign-identity.ts";
import { createNeonShapes, type NeonShapes } from "./neon/neon-shapes.ts";
import { openSession } from "./open-session.ts";
import { RequestMarks } from "./request-marks.ts";
import { ResultShapes } from "./result-shapes.ts";
import { type BatchContext, runBatch } from "./run-batch.ts";
import { SessionPool } from "./session-pool.ts";
import { sessionSettings } from "./session-settings.ts";
import { runShared, type SharedContext } from "./shared/run-shared.ts";
import { SharedPool } from "./shared/shared-pool.ts";
import { type AskCatalog, type BookEntry, StatementBook } from "./shared/statement-book.ts";
import { type StreamLimits, streamLimits } from "./stream-limits.ts";
import { TextStep } from "./text-step.ts";
import { TypeCatalog } from "./type-catalog.ts";

export interface QueryContext extends BatchContext {
  /** Requests that are being answered. */
  underWay: number;
  address: DatabaseAddress;
  limits: Limits;
  shapes: ResultShapes;
  neonShapes: NeonShapes;
  /** Sessions that requests share, and the statements that may. */
  shared: SharedPool;
  /** Sessions for answers that are streamed, which may take long; and their limits. */
  streams: BatchContext & { stallMs: number };
  book: StatementBook;
}

/** What a request asks beyond its statements. */
export interface QueryOptions {
  /** Rows as arrays of values instead of objects. */
  rowsAsArrays?: boolean;
  /** By a token that reads and changes nothing. */
  readOnly?: boolean;
  /** A client's single statement is undone once it has answered. */
  rollsBack?: boolean;
  /** Fires when the client has gone: the statement is canceled. */
  signal?: DepartureSignal;
  /** What ties all that one request of an application asks together; without it nothing is noted. */
  requestId?: string;
  /** Hears when the statements leave, and what came of them. */
  trace?: RequestTrace;
  /** Where the request came from; tells callers without a token apart. */
  callerAddress?: string | undefined;
  /** On the memory for answers; whoever sends the answer releases it. */
  claim?: AnswerClaim;
}

const secondMs = 1_000;

export function createQueryContext(
  address: DatabaseAddress,
  limits: Limits,
  streaming: StreamLimits = streamLimits,
  prepareLog?: () => Promise<Signer>,
): QueryContext {
  const catalog = new TypeCatalog();
  const settings = sessionSettings(limits.statementTimeoutMs);
  const options = {
    open: (signal: AbortSignal) =>
      openSession({ ...address, settings, timeoutMs: 10 * secondMs }, 5 * secondMs, signal),
    queueLength: 1_000,
    queueTimeoutMs: 10 * secondMs,
    idleTimeoutMs: 60 * secondMs,
    maxLifetimeMs: 10 * 60 * secondMs,
  };
  // Two thirds of the connections are for statements that share; the others for those that must be alone.
  const alone = Math.max(1, Math.floor(limits.connectionsPerDatabase / 3));
  const pool = new SessionPool({ ...options, size: alone });
  const shared = new SharedPool({
    ...options,
    size: Math.max(1, limits.connectionsPerDatabase - alone),
    catalog,
    answerBytes: limits.answerBytes,
    statementTimeoutMs: limits.statementTimeoutMs,
  });
  const ask = askBy({ shared, limits });
  // Whoever comes first opens one session and not two: the statement behind it takes the same.
  const askFirst: AskCatalog = (text, params) =>
    shared.isOpen ? ask(text, params) : askAlone({ pool, catalog, limits }, text);
  const marks = prepareLog && { marks: new RequestMarks({ ask: askFirst, prepareLog }) };
  const book = new StatementBook({
    ask,
    onCatalogChange: () => shared.retire(),
    audience: "owner",
    isSettled: () => shared.isOpen || pool.isOpen,
  });
  const streamed = sessionSettings(streaming.durationMs);
  const streams = {
    catalog,
    limits: { answerBytes: limits.answerBytes, statementTimeoutMs: streaming.durationMs },
    stallMs: streaming.stallMs,
    ...marks,
    pool: new SessionPool({
      ...options,
      size: streaming.sessions,
      open: (signal) =>
        openSession({ ...address, settings: streamed, timeoutMs: 10 * secondMs }, 5 * secondMs, signal),
    }),
  };
  const shapes = { shapes: new ResultShapes(catalog), neonShapes: createNeonShapes(catalog) };
  return { underWay: 0, pool, ...marks, catalog, address, limits, ...shapes, shared, streams, book };
}

/** The same as `askBy` for a query without parameters, on a session that is about to be used anyway. */
async function askAlone(context: BatchContext, sql: string): Promise<string | undefined> {
  const step = new TextStep();
  await runBatch(context, { statements: [{ sql }], steps: [step] });
  return step.text;
}

/**
 * Asks for the first value of the first row of Postern's own queries. They share sessions too: those of statements that
 * are alone may all be busy for long, and what shares must not wait for them.
 */
export function askBy(context: Pick<SharedContext, "shared" | "limits">): AskCatalog {
  const entries = new Map<string, BookEntry>();
  return async (text, params) => {
    const entry = entries.get(text) ?? sharedEntry(text);
    entries.set(text, entry);
    const options = { isTransaction: false, signal: undefined };
    const [step] = await runShared(context, [{ entry, params }], () => new TextStep(), options);
    return step!.text;
  };
}

const sharedEntry = (text: string): BookEntry => ({
  text,
  verdict: "shared",
  kind: "read",
  parameterTypes: undefined,
  costMs: Number.POSITIVE_INFINITY,
  aloneUntil: 0,
  partingMs: 0,
});
