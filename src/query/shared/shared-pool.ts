/**
 * In charge of the sessions that requests share. Reads that wait together fly together; a request that writes, and a read
 * that takes long, has its session to itself while it runs. What one request does (fails, is slow, loses its client)
 * never reaches those that share its session.
 */
import type { DepartureSignal } from "../../base/departure.ts";
import { type PosternError, posternError } from "../../base/error.ts";
import { cancelRequest } from "../../postgres/wire/cancel-request.ts";
import { ServerError } from "../../postgres/wire/server-error.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import { needsType } from "../encode-params.ts";
import { requestCanceled, statementTimedOut } from "../query-error.ts";
import type { TypeCatalog } from "../type-catalog.ts";
import type { Flight, Passenger } from "./flight.ts";
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

/** Reads that cost more fly alone: company would have to wait for them. */
const joinsBelowMs = 2;
/** A flight of reads takes no more than these. */
const mostPassengers = 32;
const mostFlightMs = 8;
/** So many flights of reads are in the air at a time; another starts only beside such that have been out for longer. */
const readFlights = 2;
const longFlightMs = 1;
/** A flight of several that shows no progress for this long is given up: each of them is asked again, alone. */
const stuckAfterMs = 20;
const sweepEveryMs = 10;
const mostAttempts = 4;
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

  /** Takes a request; its `onDone` is called when it has ended, mostly in a later turn of the event loop. */
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
      if (session.flight === undefined && session.lastAnswerAt < oldest) session.connection.close();
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

  onArrived(session: SharedSession, { submission, isMuted }: Passenger): void {
    session.lastAnswerAt = performance.now();
    if (!isMuted) this.#end(submission, undefined);
  }

  onLanded(session: SharedSession, flight: Flight, error: Error | undefined): void {
    const now = performance.now();
    session.lastAnswerAt = now;
    if (now - session.openedAt > this.#options.maxLifetimeMs) session.isRetired = true;
    this.#closeIfDone(session);
    noteCost(flight, now);
    const struck = flight.current;
    if (struck && !struck.isMuted) this.#endStruck(struck, error);
    // Those behind it were skipped: they have not run at all.
    if (error) this.#askAgain(flight, flight.position + 1);
    if (this.#waiting.length > 0) this.#flushSoon();
  }

  /** The connection ended. Only what it was working on is lost; reads behind that are asked again. */
  onLost(_session: SharedSession, flight: Flight, error: Error): void {
    const struck = flight.current;
    if (struck && !struck.isMuted) this.#end(struck.submission, error, struck.index);
    this.#askAgain(flight, flight.position + 1, error);
  }

  #endStruck({ submission, index }: Passenger, error: Error | undefined): void {
    if (error && mayBeOutdated(error, submission)) {
      submission.parsesAnew = true;
      this.#enqueue(submission);
    } else this.#end(submission, error, index);
  }

  #askAgain({ passengers }: Flight, from: number, because?: Error): void {
    for (let at = from; at < passengers.length; at++) {
      const { submission, isMuted, index } = passengers[at]!;
      if (isMuted) continue;
      if (submission.attempts >= mostAttempts && because) this.#end(submission, because, index);
      else if (this.#closedBecause) this.#end(submission, this.#closedBecause);
      else this.#enqueue(submission);
    }
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
    const waiting = this.#waiting.filter(({ isDone }) => !isDone);
    this.#waiting = [];
    if (waiting.length === 0) return;
    const now = performance.now();
    const idle: SharedSession[] = [];
    let flying = 0;
    for (const session of this.#sessions) {
      if (session.isRetired) continue;
      if (session.flight === undefined) idle.push(session);
      else if (isYoungReadFlight(session.flight, now)) flying++;
    }
    const reads = this.#depart(waiting, idle, flying, now);
    if (this.#waiting.length > 0 && idle.length === 0) this.#openMore(reads);
    this.#sweepSoon(now);
  }

  /**
   * The oldest first. Quick reads gather until a flight starts; everything else takes a session for itself. Returns how
   * many flights of reads lack nothing but a session.
   */
  #depart(waiting: readonly Submission[], idle: SharedSession[], flying: number, now: number): number {
    let gathered: Submission[] = [];
    let gatheredMs = 0;
    let inTheAir = flying;
    const start = () => {
      const session = gathered.length > 0 && inTheAir < readFlights ? idle.pop() : undefined;
      if (session) {
        this.#send(session, gathered, now);
        inTheAir++;
      } else this.#waiting.push(...gathered);
      gathered = [];
      gatheredMs = 0;
    };
    for (const submission of waiting) {
      const costMs = costOf(submission.request);
      if (costMs < joinsBelowMs) {
        gathered.push(submission);
        gatheredMs += costMs;
        if (gathered.length === mostPassengers || gatheredMs > mostFlightMs) start();
      } else {
        // Reads that came before have the first claim.
        const claimed = gathered.length > 0 && inTheAir < readFlights ? 1 : 0;
        const session = idle.length > claimed ? idle.pop() : undefined;
        if (session) this.#send(session, [submission], now);
        else this.#waiting.push(submission);
      }
    }
    const isGrounded = gathered.length > 0 && inTheAir < readFlights && idle.length === 0;
    start();
    return isGrounded ? 1 : 0;
  }

  #send(session: SharedSession, submissions: readonly Submission[], now: number): void {
    for (const submission of submissions) submission.attempts++;
    const { answerBytes, catalog } = this.#options;
    session.send(submissions, { answerBytes, now, catalog });
  }

  /** Quick reads need but a few sessions, everything else one each. */
  #openMore(reads: number): void {
    const alone = this.#waiting.filter(({ request }) => costOf(request) >= joinsBelowMs).length;
    const wanted = Math.min(alone + reads, this.#options.size);
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
    if (session.isRetired && session.flight === undefined) session.connection.close();
  }

  /** The client has gone. A statement that has its session to itself is canceled; one among others runs unheard. */
  #leave(submission: Submission): void {
    if (submission.isDone) return;
    this.#end(submission, requestCanceled());
    for (const session of this.#sessions) {
      const passengers = session.flight?.passengers ?? [];
      const passenger = passengers.find((one) => one.submission === submission && !one.isMuted);
      if (passenger === undefined) continue;
      passenger.isMuted = true;
      if (passengers.every(({ isMuted }) => isMuted)) void this.#abandon(session, requestCanceled());
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
      if (session.flight === undefined) continue;
      isBusy = true;
      if (isPunctual) this.#watch(session, session.flight, now);
    }
    if (isBusy) {
      this.#flushSoon();
      this.#sweepSoon(now);
    }
  }

  #sweepSoon(now: number): void {
    if (this.#sweep) return;
    this.#sweepDueAt = now + sweepEveryMs;
    this.#sweep = setTimeout(() => this.#onSweep(), sweepEveryMs);
  }

  /** Breaks up company that waits for one of them, and ends what runs for too long. */
  #watch(session: SharedSession, flight: Flight, now: number): void {
    const { statementTimeoutMs } = this.#options;
    const { passengers, position, sentAt } = flight;
    const quietForMs = now - Math.max(sentAt, session.lastAnswerAt);
    if (passengers.length - position > 1) {
      if (quietForMs < stuckAfterMs) return;
      // Which of them it is cannot be seen from here; alone, it will show.
      for (const passenger of passengers.slice(position)) {
        for (const { entry } of passenger.submission.request.statements)
          entry.costMs = Number.POSITIVE_INFINITY;
      }
      this.#askAgain(flight, position);
      for (const passenger of passengers) passenger.isMuted = true;
      void this.#abandon(session, requestCanceled());
      return;
    }
    const statements = flight.current?.prepared.length ?? 1;
    if (quietForMs > statementTimeoutMs * statements + graceMs)
      void this.#abandon(session, statementTimedOut(statementTimeoutMs));
  }

  #refuseLateWaiters(now: number): void {
    const { queueTimeoutMs } = this.#options;
    const late = this.#waiting.filter(({ submittedAt }) => now - submittedAt >= queueTimeoutMs);
    if (late.length === 0) return;
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

/** Infinite for what must fly alone. */
function costOf({ isRead, statements }: SharedRequest): number {
  if (!isRead) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (const { entry } of statements) sum += entry.costMs;
  return sum;
}

const isYoungReadFlight = ({ passengers, sentAt }: Flight, now: number): boolean =>
  passengers[0]!.submission.request.isRead && now - sentAt < longFlightMs;

/**
 * What a statement takes, from flights that landed well. It falls at once and rises slowly: that an answer lay unread
 * while this process was busy says nothing about the statement.
 */
function noteCost({ passengers, position, sentAt }: Flight, now: number): void {
  if (position < passengers.length) return;
  const each = (now - sentAt) / passengers.length;
  for (const { submission } of passengers) {
    for (const { entry } of submission.request.statements) {
      entry.costMs = each < entry.costMs ? each : entry.costMs + (each - entry.costMs) / 16;
    }
  }
}

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
