/**
 * In charge of the sessions that requests share. Requests that come in one turn of the event loop go out together, reads
 * in a pipeline, each closed by a Sync of its own; a request that writes has its session to itself while it runs. What
 * one request does (fails, is slow, loses its client) never reaches those that share its session.
 */
import type { DepartureSignal } from "../../base/departure.ts";
import { type PosternError, posternError } from "../../base/error.ts";
import { cancelRequest } from "../../postgres/wire/cancel-request.ts";
import { ServerError } from "../../postgres/wire/server-error.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import { needsType } from "../encode-params.ts";
import { requestCanceled, statementTimedOut } from "../query-error.ts";
import type { TypeCatalog } from "../type-catalog.ts";
import type { SharedExchange } from "./shared-exchange.ts";
import type { SharedRequest, Submission } from "./shared-request.ts";
import { type SessionOwner, SharedSession } from "./shared-session.ts";

export interface SharedPoolOptions {
  open(signal: AbortSignal): Promise<WireConnection>;
  catalog: TypeCatalog;
  size: number;
  /** Largest answer, counted on the socket, bytes. */
  answerBytes: number;
  statementTimeoutMs: number;
  queueLength: number;
  queueTimeoutMs: number;
  idleTimeoutMs: number;
  maxLifetimeMs: number;
}

/** A pipeline grows to this length before another session is opened for reads, and never beyond the second. */
const goodDepth = 8;
const mostDepth = 32;
/** A read that holds up others for longer is left alone with its session. */
const slowAfterMs = 20;
const staysSlowForMs = 5_000;
const sweepEveryMs = 10;
const mostAttempts = 3;
/** Node's own watch on time comes behind Postgres's, which gives the better error. */
const graceMs = 1_000;

export class SharedPool implements SessionOwner {
  readonly #options: SharedPoolOptions;
  readonly #sessions = new Set<SharedSession>();
  /** Sessions that were abandoned and whose end the server has not confirmed yet: they still take a place. */
  #leaving = 0;
  #opening = 0;
  #waiting: Submission[] = [];
  #isFlushing = false;
  #sweep: NodeJS.Timeout | undefined;
  #sweepDueAt = 0;
  #closedBecause: PosternError | undefined;
  readonly #closing = new AbortController();

  constructor(options: SharedPoolOptions) {
    this.#options = options;
  }

  /** Takes a request; its `onDone` is called when it has ended, in a later turn of the event loop. */
  submit(request: SharedRequest, signal?: DepartureSignal): void {
    const refusal = this.#refusal(signal);
    if (refusal) {
      request.onDone(refusal);
      return;
    }
    const submission: Submission = {
      request,
      submittedAt: performance.now(),
      attempts: 0,
      parsesAnew: false,
      isDone: false,
      stopListening: undefined,
    };
    if (signal) {
      const onAbort = () => this.#leave(submission);
      signal.addEventListener("abort", onAbort);
      submission.stopListening = () => signal.removeEventListener("abort", onAbort);
    }
    this.#enqueue(submission);
  }

  #refusal(signal?: DepartureSignal): PosternError | undefined {
    const { queueLength } = this.#options;
    if (this.#closedBecause) return this.#closedBecause;
    if (signal?.aborted) return requestCanceled();
    return this.#waiting.length >= queueLength ? tooBusy(`${queueLength} requests wait already.`) : undefined;
  }

  /** Closes the sessions as soon as they are free; what comes next gets new ones. */
  retire(): void {
    for (const session of this.#sessions) {
      session.isRetired = true;
      this.#closeIfDone(session);
    }
  }

  closeIdle(): void {
    const oldest = performance.now() - this.#options.idleTimeoutMs;
    for (const session of this.#sessions) {
      if (session.underWay.length === 0 && session.lastAnswerAt < oldest) session.connection.close();
    }
  }

  /** Ends everything; who waits or is under way gets `because`. */
  async close(because: PosternError): Promise<void> {
    this.#closedBecause = because;
    this.#closing.abort();
    clearTimeout(this.#sweep);
    for (const submission of this.#waiting.splice(0)) this.#end(submission, because);
    await Promise.all([...this.#sessions].map((session) => this.#abandon(session, because)));
  }

  onAnswered(session: SharedSession, exchange: SharedExchange, error: Error | undefined): void {
    const { submission } = exchange;
    const now = performance.now();
    session.lastAnswerAt = now;
    if (now - session.openedAt > this.#options.maxLifetimeMs) session.isRetired = true;
    this.#closeIfDone(session);
    if (this.#waiting.length > 0) this.#flushSoon();
    if (exchange.muted) return;
    if (error && mayBeOutdated(error, submission)) {
      submission.parsesAnew = true;
      this.#enqueue(submission);
    } else this.#end(submission, error, exchange.index);
  }

  /** The connection ended. Only what it was working on is lost; reads behind that are asked again. */
  onLost(session: SharedSession, exchange: SharedExchange, error: Error): void {
    const { submission } = exchange;
    if (exchange.muted) return;
    const isHead = session.underWay[0] === exchange;
    const mayRepeat = !isHead && submission.request.isRead && submission.attempts < mostAttempts;
    if (mayRepeat && !this.#closedBecause) this.#enqueue(submission);
    else this.#end(submission, error, exchange.index);
  }

  #enqueue(submission: Submission): void {
    this.#waiting.push(submission);
    this.#flushSoon();
  }

  /** Behind the reading of all sockets of this turn, so that what came together goes out together. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const now = performance.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    const touched = new Set<SharedSession>();
    for (const submission of waiting) {
      if (submission.isDone) continue;
      const session = this.#place(submission, now);
      if (session === undefined) {
        this.#waiting.push(submission);
        continue;
      }
      submission.attempts++;
      const { answerBytes, catalog } = this.#options;
      session.add(submission, { byteLimit: answerBytes, now, catalog });
      touched.add(session);
    }
    for (const session of touched) session.flush();
    if (this.#waiting.length > 0) this.#openMore();
    this.#sweepSoon(now);
  }

  /** A session that may take the request now. */
  #place({ request }: Submission, now: number): SharedSession | undefined {
    const joins = mayJoin(request, now);
    let idle: SharedSession | undefined;
    let fullest: SharedSession | undefined;
    let emptiest: SharedSession | undefined;
    // While others wait for a session to themselves, half of the sessions take no more reads and so become free.
    let open = this.#waiting.length > 0 ? Math.floor(this.#sessions.size / 2) : this.#sessions.size;
    for (const session of this.#sessions) {
      if (joins && open-- <= 0) break;
      if (session.isRetired) continue;
      const depth = session.underWay.length;
      if (depth === 0) idle ??= session;
      else if (joins && depth < mostDepth && takesReads(session, now)) {
        if (depth < goodDepth && (!fullest || fullest.underWay.length < depth)) fullest = session;
        if (!emptiest || depth < emptiest.underWay.length) emptiest = session;
      }
    }
    // Few long pipelines cost less than many short ones.
    const good = fullest ?? idle;
    if (good === undefined && emptiest !== undefined) this.#openMore();
    return good ?? emptiest;
  }

  #openMore(): void {
    const wanted = Math.min(Math.max(this.#waiting.length, 1), this.#options.size);
    while (
      !this.#closedBecause &&
      this.#opening < wanted &&
      this.#sessions.size + this.#opening + this.#leaving < this.#options.size
    ) {
      this.#opening++;
      this.#options
        .open(this.#closing.signal)
        .finally(() => this.#opening--)
        .then((connection) => this.#adopt(connection))
        .catch((error: Error) => this.#onOpenFailed(error));
    }
  }

  #adopt(connection: WireConnection): void {
    const session = new SharedSession(connection, this, performance.now());
    if (this.#closedBecause) {
      connection.close();
      return;
    }
    this.#sessions.add(session);
    connection.onEnd = () => {
      this.#sessions.delete(session);
      this.#flushSoon();
    };
    this.#flushSoon();
  }

  /** As long as a session lives, it serves those who wait; without any, waiting longer is in vain. */
  #onOpenFailed(error: Error): void {
    if (this.#sessions.size > 0 || this.#opening > 0) return;
    for (const submission of this.#waiting.splice(0)) this.#end(submission, error);
  }

  #closeIfDone(session: SharedSession): void {
    if (session.isRetired && session.underWay.length === 0) session.connection.close();
  }

  /** The client has gone. A statement that has its session to itself is canceled; one among others runs unheard. */
  #leave(submission: Submission): void {
    if (submission.isDone) return;
    this.#end(submission, requestCanceled());
    for (const session of this.#sessions) {
      const exchange = session.underWay.find((one) => one.submission === submission && !one.muted);
      if (exchange === undefined) continue;
      exchange.muted = true;
      if (session.underWay.length === 1) void this.#abandon(session, requestCanceled());
    }
  }

  #onSweep(): void {
    this.#sweep = undefined;
    const now = performance.now();
    // After a turn of the event loop that took long, answers may lie there unread.
    const isPunctual = now - this.#sweepDueAt < sweepEveryMs;
    this.#refuseLateWaiters(now);
    let isBusy = this.#waiting.length > 0;
    for (const session of this.#sessions) {
      const head = session.underWay[0];
      if (head === undefined) continue;
      isBusy = true;
      if (isPunctual) this.#watch(session, head, now);
    }
    if (isBusy) this.#sweepSoon(now);
  }

  #sweepSoon(now: number): void {
    if (this.#sweep) return;
    this.#sweepDueAt = now + sweepEveryMs;
    this.#sweep = setTimeout(() => this.#onSweep(), sweepEveryMs);
  }

  /** Frees those that stand behind a slow statement, and ends what runs for too long. */
  #watch(session: SharedSession, head: SharedExchange, now: number): void {
    const runsForMs = now - Math.max(head.sentAt, session.lastAnswerAt);
    if (runsForMs < slowAfterMs) return;
    for (const { entry } of head.submission.request.statements) entry.slowUntil = now + staysSlowForMs;
    for (const exchange of session.underWay.slice(1)) {
      if (exchange.muted) continue;
      exchange.muted = true;
      this.#enqueue(exchange.submission);
    }
    const { statementTimeoutMs } = this.#options;
    const isLate = runsForMs > statementTimeoutMs * head.submission.request.statements.length + graceMs;
    if (head.muted) void this.#abandon(session, requestCanceled());
    else if (isLate) void this.#abandon(session, statementTimedOut(statementTimeoutMs));
  }

  #refuseLateWaiters(now: number): void {
    const { queueTimeoutMs } = this.#options;
    if (this.#waiting.length === 0 || now - this.#waiting[0]!.submittedAt < queueTimeoutMs) return;
    const late = this.#waiting.filter(({ submittedAt }) => now - submittedAt >= queueTimeoutMs);
    this.#waiting = this.#waiting.filter((one) => !late.includes(one));
    for (const submission of late) {
      this.#end(submission, tooBusy(`No connection was free for ${queueTimeoutMs / 1000} s.`));
    }
  }

  /**
   * Ends what the session is doing, and the session with it: the cancel request travels on a socket of its own and may
   * arrive late, so the session must never run another statement. Its place stays taken until the server knows.
   */
  async #abandon(session: SharedSession, error: Error): Promise<void> {
    const { connection } = session;
    if (connection.ended) return;
    this.#leaving++;
    connection.destroy(error);
    await cancelRequest(connection);
    this.#leaving--;
    this.#flushSoon();
  }

  #end(submission: Submission, error: Error | undefined, failedIndex?: number): void {
    if (submission.isDone) return;
    submission.isDone = true;
    submission.stopListening?.();
    submission.request.onDone(error, failedIndex);
  }
}

/** Reads that are known to be quick stand in a pipeline; everything else has its session to itself. */
const mayJoin = ({ isRead, statements }: SharedRequest, now: number): boolean =>
  isRead && statements.every(({ entry }) => entry.slowUntil < now);

const takesReads = (session: SharedSession, now: number): boolean =>
  mayJoin(session.underWay.at(-1)!.submission.request, now);

/**
 * Can it be that the statement fails only because it was prepared in another time? Then it is gone, or its result has
 * another shape now, or the types of its parameters are those of columns that have others by now. Nothing has taken
 * effect, so it is parsed anew and run once more.
 */
function mayBeOutdated(error: Error, { attempts, parsesAnew, request }: Submission): boolean {
  if (!(error instanceof ServerError) || attempts >= mostAttempts) return false;
  const { code, where, routine } = error.fields;
  if (code === "26000" || (code === "0A000" && routine === "RevalidateCachedQuery")) return true;
  if (!code.startsWith("42") && !where?.includes("portal parameter $")) return false;
  // Parameters that are written by their types were written before the new types were known.
  return !parsesAnew || request.statements.some(({ params }) => params.some(needsType));
}

const tooBusy = (detail: string) =>
  posternError("Y4004", "The database is too busy.", {
    detail,
    hint: "Try again in a moment; send fewer requests at a time, or make their statements faster.",
  });
