/**
 * In charge of running statements on one session: sent in one write where possible, watched for time and for the
 * client's going, and the session reset before another request gets it.
 */

import type { QueryRequest } from "@postern/sdk/protocol";
import type { Limits } from "../base/config.ts";
import type { DepartureSignal } from "../base/departure.ts";
import type { Exchange } from "../postgres/wire/exchange.ts";
import { sync } from "../postgres/wire/frontend-messages.ts";
import { MessageWriter } from "../postgres/wire/message-writer.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";
import { BatchExchange, type Step, silentStep } from "./batch-exchange.ts";
import { leadingKeyword, rowStatements } from "./leading-keyword.ts";
import { queryError, requestCanceled, statementTimedOut } from "./query-error.ts";
import type { RequestMark, RequestMarks } from "./request-marks.ts";
import type { Session, SessionPool } from "./session-pool.ts";
import { resetFirst, sendReset } from "./session-reset.ts";
import type { StreamStep } from "./stream-step.ts";
import type { TypeCatalog } from "./type-catalog.ts";
import { needsTypes, writeCommand, writeGatedStatement, writeStatement } from "./write-statement.ts";
import { writeTypedStatement } from "./write-typed-statement.ts";

export interface BatchContext {
  pool: SessionPool;
  /** Of the owner's. */
  marks?: RequestMarks;
  catalog: TypeCatalog;
  limits: Pick<Limits, "answerBytes" | "statementTimeoutMs"> & {
    /** For all statements together; without it each has its own time only. */
    transactionTimeoutMs?: number;
  };
}

export interface Batch {
  statements: readonly QueryRequest[];
  /** One for each statement: gets its answer. */
  steps: readonly Step[];
  /** `BEGIN …` for a transaction around the statements; without it there is one statement, in no transaction block. */
  begin?: string;
  /** The transaction is undone at its end, whatever came of it. */
  rollsBack?: boolean;
  /** Says whose request it is, behind `begin` or as the first command of the statement's own transaction. */
  mark?: RequestMark | undefined;
  /** The caller sent one statement and knows of no transaction. */
  isSingle?: boolean;
  /** A stranger's statements, which have to pass the gate, behind what says who the stranger is. */
  client?: ClientFrame;
  /** Its answer leaves as it comes: no limit but on each row. */
  stream?: StreamStep;
  /** Hears that the batch has a session and leaves. */
  onSend?(): void;
  /** Hears the types of the parameters of a statement for which they had to be asked. */
  onParameterTypes?(sql: string, types: number[]): void;
}

export interface ClientFrame {
  /** Must the statement pass the gate? Without it all must. */
  passesGate?(statement: QueryRequest): boolean;
  /** Hears how the commands that say who the client is went. */
  identityStep?: Step;
  /** Writes the commands that follow BEGIN, and returns how many they are. */
  writeIdentity(out: MessageWriter, connection: WireConnection): number;
}

/** Node's own watch on time comes behind Postgres's, which gives the better error. */
const graceMs = 1_000;

/** Resolves when all statements are done, and committed unless the batch rolls back. @throws PosternError */
export async function runBatch(context: BatchContext, batch: Batch, signal?: DepartureSignal): Promise<void> {
  if (signal?.aborted) throw requestCanceled();
  const { pool, limits } = context;
  const session = pool.takeIdle() ?? (await pool.wait(signal));
  batch.onSend?.();
  const { stream } = batch;
  const exchange = stream
    ? new BatchExchange(Number.POSITIVE_INFINITY, limits.answerBytes)
    : new BatchExchange(limits.answerBytes);
  stream?.begin(session.connection, (error) => void pool.abandon(session, error));
  const gates = batch.statements.map((one) => gateOf(batch, one));
  const stopWatching = watch(context, session, batch.statements.length, signal);
  try {
    const sending = batch.statements.some(needsTypes)
      ? sendStepwise(context, session, exchange, batch, gates)
      : sendWhole(context, session, exchange, batch, gates);
    if (sending) await Promise.all([sending, exchange.finished]);
    else await exchange.finished;
  } catch (error) {
    if (!exchange.ended) void pool.abandon(session, error as Error);
    throw queryError(error, limits.statementTimeoutMs, failedIndex(batch, gates, exchange.failedStep));
  } finally {
    stopWatching();
  }
}

/** Hears the answer to the preparation of a stranger's statement; undefined: it need not pass. */
type Gate = Step | undefined;

const gateOf = ({ client }: Batch, statement: QueryRequest): Gate =>
  client && (client.passesGate?.(statement) ?? true) ? { onComplete() {} } : undefined;

/** Which statement of a transaction it was. */
function failedIndex(batch: Batch, gates: readonly Gate[], failed: Step | undefined): number | undefined {
  if (batch.begin === undefined || batch.isSingle || failed === undefined) return undefined;
  const index = Math.max(batch.steps.indexOf(failed), gates.indexOf(failed));
  return index < 0 ? undefined : index;
}

/** Postgres limits each statement's time; this limits what a statement that lifts that limit can take. */
function watch(
  { pool, limits }: BatchContext,
  session: Session,
  statements: number,
  signal?: DepartureSignal,
) {
  const onAbort = () => void pool.abandon(session, requestCanceled());
  const { statementTimeoutMs, transactionTimeoutMs = Number.POSITIVE_INFINITY } = limits;
  const timer = setTimeout(
    () => void pool.abandon(session, statementTimedOut(statementTimeoutMs)),
    Math.min(statementTimeoutMs * Math.max(statements, 1), transactionTimeoutMs) + graceMs,
  );
  signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
}

/** Everything in one write: nothing of it depends on an answer. */
function sendWhole(
  { pool }: BatchContext,
  session: Session,
  exchange: BatchExchange,
  batch: Batch,
  gates: readonly Gate[],
): undefined {
  const out = new MessageWriter();
  const before = session.used ? writeReset(out, session, exchange, batch) : [];
  writeBegin(out, session, exchange, batch);
  batch.statements.forEach((statement, index) => {
    const gate = gates[index];
    if (gate) exchange.expect(gate);
    exchange.expect(batch.steps[index]!);
    if (gate) writeGatedStatement(out, statement);
    else writeStatement(out, statement);
  });
  writeEnd(out, pool, session, exchange, batch);
  session.connection.send(out.take(), ...before, exchange);
}

/**
 * Brings the session back to its first state in front of the batch: as its first command where what follows may share
 * its transaction, else on its own. DISCARD ALL commits by itself, so nothing of it depends on what follows.
 */
function writeReset(out: MessageWriter, session: Session, exchange: BatchExchange, batch: Batch): Exchange[] {
  const [statement] = batch.statements;
  // Postgres never wants these to be the first of their transaction.
  if (batch.begin === undefined && rowStatements.has(leadingKeyword(statement!.sql) ?? "")) {
    session.used = false;
    exchange.expect(silentStep);
    writeCommand(out, "discard all");
    return [];
  }
  const { bytes, listener } = resetFirst(session);
  out.bytes(bytes);
  return [listener];
}

/** Pauses where the text of a parameter depends on its type, which earlier statements of the batch may have made. */
async function sendStepwise(
  { pool, catalog }: BatchContext,
  session: Session,
  exchange: BatchExchange,
  batch: Batch,
  gates: readonly Gate[],
): Promise<void> {
  const out = new MessageWriter();
  const before: Exchange[] = [];
  if (session.used) {
    const { bytes, listener } = resetFirst(session);
    out.bytes(bytes);
    before.push(listener);
  }
  writeBegin(out, session, exchange, batch);
  session.connection.send(out.take(), ...before, exchange);
  for (const [index, statement] of batch.statements.entries()) {
    const gate = gates[index];
    const isGated = gate !== undefined;
    if (gate) exchange.expect(gate);
    exchange.expect(batch.steps[index]!);
    if (needsTypes(statement)) {
      const { connection } = session;
      const onParameterTypes = (types: number[]) => batch.onParameterTypes?.(statement.sql, types);
      const options = { isGated, onParameterTypes };
      if (!(await writeTypedStatement(out, connection, exchange, catalog, statement, options))) break;
    } else if (isGated) writeGatedStatement(out, statement);
    else writeStatement(out, statement);
  }
  writeEnd(out, pool, session, exchange, batch);
  session.connection.send(out.take());
}

function writeBegin(
  out: MessageWriter,
  session: Session,
  exchange: BatchExchange,
  { begin, client, mark }: Batch,
): void {
  if (begin !== undefined) {
    exchange.expect(silentStep);
    writeCommand(out, begin);
    const commands = client?.writeIdentity(out, session.connection) ?? 0;
    for (let index = 0; index < commands; index++) exchange.expect(client?.identityStep ?? silentStep);
  }
  if (!mark) return;
  exchange.expect(mark.step);
  mark.write(out, session.connection);
}

/** Ends the batch. A transaction may have failed and be open still: then the session is reset at once, rollback first. */
function writeEnd(
  out: MessageWriter,
  pool: SessionPool,
  session: Session,
  exchange: BatchExchange,
  { begin, rollsBack = false, client }: Batch,
): void {
  if (begin !== undefined) {
    exchange.expect(silentStep);
    writeCommand(out, rollsBack ? "rollback" : "commit");
  }
  out.bytes(sync);
  exchange.onReadyForQuery = (status) => {
    // A stranger can make the reset fail: it must not be part of what the next one sends.
    if (status === "I" && !client) pool.releaseUsed(session);
    else sendReset(pool, session, status);
  };
}
