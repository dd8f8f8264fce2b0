/**
 * In charge of one request's transaction, held open between its statements: who it is for, what it logs, and that it ends.
 * What its statements tell the log is remembered here, for a transaction that is undone takes its own records with it.
 */
import type { QueryRequest } from "@postern/sdk/protocol";
import type { DepartureSignal } from "../base/departure.ts";
import { type PosternError, posternError } from "../base/error.ts";
import { sync } from "../postgres/wire/frontend-messages.ts";
import { MessageWriter } from "../postgres/wire/message-writer.ts";
import { parseServerError } from "../postgres/wire/server-error.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";
import { BatchExchange, type Step, silentStep } from "../query/batch-exchange.ts";
import { queryError, requestCanceled, statementTimedOut } from "../query/query-error.ts";
import type { Session, SessionPool } from "../query/session-pool.ts";
import { resetFirst, sendReset } from "../query/session-reset.ts";
import type { TypeCatalog } from "../query/type-catalog.ts";
import { needsTypes, writeCommand, writeGatedStatement, writeStatement } from "../query/write-statement.ts";
import { writeTypedStatement } from "../query/write-typed-statement.ts";

/** A record of the log as JSON, as the trigger told it: not read here, so that its numbers keep their digits. */
export type ToldMutation = string;

export interface RequestFrame {
  requestId: string;
  /** Stands before what the log tells. */
  secret: string;
  /** `begin …` */
  begin: string;
  /** Writes the commands that say whose request it is, and returns how many they are. */
  writeIdentity(out: MessageWriter, connection: WireConnection): number;
}

export interface RequestSide {
  pool: SessionPool;
  catalog: TypeCatalog;
  limits: { answerBytes: number; statementTimeoutMs: number };
}

/** What the log tells comes beside the answer, and must not use up its room. */
const logBytes = 64 * 1024 * 1024;
const graceMs = 1_000;
const nothing = Buffer.alloc(0);

export class RequestSession {
  readonly requestId: string;
  /** What was logged; it is undone when the transaction is. */
  readonly told: ToldMutation[] = [];
  readonly #side: RequestSide;
  readonly #session: Session;
  readonly #frame: RequestFrame;
  #status: "new" | "I" | "T" | "E" = "new";
  #ended = false;
  /** Statements of one transaction run one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(side: RequestSide, session: Session, frame: RequestFrame) {
    this.#side = side;
    this.#session = session;
    this.#frame = frame;
    this.requestId = frame.requestId;
  }

  /** The transaction begins with its first statement. @throws Y4004 Y1017 */
  static async open(
    side: RequestSide,
    frame: RequestFrame,
    signal?: DepartureSignal,
  ): Promise<RequestSession> {
    if (signal?.aborted) throw requestCanceled();
    const session = side.pool.takeIdle() ?? (await side.pool.wait(signal));
    return new RequestSession(side, session, frame);
  }

  /** Known to nobody but Postern and this session. */
  get secret(): string {
    return this.#frame.secret;
  }

  /** A statement has failed: nothing but the end is possible. */
  get hasFailed(): boolean {
    return this.#status === "E" || this.#session.connection.ended;
  }

  /** @param gated: a stranger's own SQL. @throws PosternError */
  run(statement: QueryRequest, step: Step, { gated = false } = {}): Promise<void> {
    return this.#inTurn(() =>
      this.#exchange(async (out, exchange) => {
        this.#writeBeginning(out, exchange);
        if (gated) exchange.expect(silentStep);
        exchange.expect(step);
        if (needsTypes(statement))
          await writeTypedStatement(out, this.#session.connection, exchange, this.#side.catalog, statement, {
            isGated: gated,
          });
        else if (gated) writeGatedStatement(out, statement);
        else writeStatement(out, statement);
      }),
    );
  }

  /** @throws Y1066 when a statement had failed, and with it all */
  async commit(): Promise<void> {
    await this.#last.catch(() => {});
    if (this.#ended) throw requestEnded();
    if (this.hasFailed) {
      this.#giveBack();
      throw posternError("Y1066", "The request was rolled back: one of its statements had failed.", {
        hint: "Let the error of the statement end the request; nothing behind it can take effect.",
      });
    }
    try {
      if (this.#status !== "new")
        await this.#inTurn(() =>
          this.#exchange(async (out, exchange) => {
            exchange.expect(silentStep);
            writeCommand(out, "commit");
          }),
        );
      this.told.length = 0;
    } finally {
      this.#giveBack();
    }
  }

  /** Undoes everything; repeatable. */
  async rollback(): Promise<void> {
    if (this.#ended) return;
    await this.#last.catch(() => {});
    this.#giveBack();
  }

  /** Ends it at once, whatever it is doing; repeatable. */
  async abandon(error: Error): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#side.pool.abandon(this.#session, error);
  }

  #giveBack(): void {
    if (this.#ended) return;
    this.#ended = true;
    const status = this.#status === "new" ? "I" : this.#status;
    sendReset(this.#side.pool, this.#session, status);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work, work);
    this.#last = turn;
    return turn;
  }

  #writeBeginning(out: MessageWriter, exchange: BatchExchange): void {
    if (this.#status !== "new") return;
    this.#status = "T";
    const { begin, writeIdentity } = this.#frame;
    exchange.expect(silentStep);
    writeCommand(out, begin);
    const commands = writeIdentity(out, this.#session.connection);
    for (let index = 0; index < commands; index++) exchange.expect(silentStep);
  }

  async #exchange(write: (out: MessageWriter, exchange: BatchExchange) => Promise<void>): Promise<void> {
    if (this.#ended) throw requestEnded();
    const { limits, pool } = this.#side;
    const { connection } = this.#session;
    const exchange = new BatchExchange(limits.answerBytes + logBytes, limits.answerBytes);
    exchange.onNotice = (buffer, start, end) => this.#hear(parseServerError(buffer, start, end).message);
    exchange.onReadyForQuery = (status) => {
      this.#status = status;
    };
    const watch = setTimeout(
      () => void pool.abandon(this.#session, statementTimedOut(limits.statementTimeoutMs)),
      limits.statementTimeoutMs + graceMs,
    );
    try {
      const out = new MessageWriter();
      this.#sendReset();
      // Announced before it is written, as what is written may wait for answers.
      connection.send(nothing, exchange);
      await write(out, exchange);
      out.bytes(sync);
      connection.send(out.take());
      await exchange.finished;
    } catch (error) {
      if (!exchange.ended) void pool.abandon(this.#session, error as Error);
      throw queryError(error, limits.statementTimeoutMs);
    } finally {
      clearTimeout(watch);
    }
  }

  /** Somebody before left the session as it was. */
  #sendReset(): void {
    if (!this.#session.used) return;
    const { bytes, listener } = resetFirst(this.#session);
    this.#session.connection.send(bytes, listener);
  }

  #hear(message: string): void {
    const { secret } = this.#frame;
    if (message.startsWith(secret)) this.told.push(message.slice(secret.length));
  }
}

const requestEnded = (): PosternError =>
  posternError("Y1064", "The request has ended.", { hint: "Open another one." });
