/**
 * In charge of the sessions that requests share. Reads that wait together fly together; a request that writes, and a read
 * that takes long, has its session to itself while it runs. What one request does (fails, is slow, loses its client)
 * never reaches those that share its session.
 */
import type { DepartureSignal } from "../../base/departure.ts";
import type { PosternError } from "../../base/error.ts";
import { cancelRequest } from "../../postgres/wire/cancel-request.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import { requestCanceled, statementTimedOut, tooBusy } from "../query-error.ts";
import type { Flight, Passenger } from "./flight.ts";
import { mayBeOutdated } from "./may-be-outdated.ts";
import { forgetCost, keepAlone, noteCost, planFlights } from "./plan-flights.ts";
import type { SharedPoolOptions } from "./shared-pool-options.ts";
import type { SharedRequest, Submission } from "./shared-request.ts";
import { type SessionOwner, SharedSession } from "./shared-session.ts";

/** A flight of several that shows no progress for this long is given up: each of them is asked again, alone. */
const stuckAfterMs = 50;
/** A flight of inserts may take as long as a slow disk needs to make it last. */
const stuckInsertsAfterMs = 100;
const sweepEveryMs = 10;
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

  get isolates(): boolean {
    return this.#options.isolates ?? false;
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
      fliesAlone: false,
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
    await Promise.all([...this.#sessions].map((session) => this.#endSession(session, because)));
  }

  /** Where nothing is under way, nothing has to be canceled. */
  async #endSession(session: SharedSession, because: PosternError): Promise<void> {
    if (session.flight) await this.#abandon(session, because);
    else session.connection.close();
  }

  onArrived(session: SharedSession, passenger: Passenger, error: Error | undefined): void {
    session.lastAnswerAt = performance.now();
    if (!passenger.isMuted) this.#endStruck(passenger, error);
  }

  onLanded(session: SharedSession, flight: Flight, error: Error | undefined): void {
    const now = performance.now();
    session.lastAnswerAt = now;
    if (now - session.openedAt > this.#options.maxLifetimeMs) session.isRetired = true;
    this.#closeIfDone(session);
    if (!error) noteCost(flight, now);
    // Of a flight that isolates, all have arrived, and some may be asked once more.
    if (!this.isolates) {
      if (flight.changesSomething) this.#onCommitted(flight, error);
      else this.#onRead(flight, error);
    }
    if (this.#waiting.length > 0) this.#flushSoon();
  }

  #onRead(flight: Flight, error: Error | undefined): void {
    const struck = flight.current;
    if (struck && !struck.isMuted) this.#endStruck(struck, error);
    // Those behind it were skipped: they have not run at all.
    if (error) this.#askAgain(flight, flight.position + 1);
  }

  /** Or not committed: then nothing of it has taken effect, and whom it struck is seen when each flies alone. */
  #onCommitted(flight: Flight, error: Error | undefined): void {
    const { passengers } = flight;
    if (error && passengers.length > 1) {
      for (const { submission } of passengers) submission.fliesAlone = true;
      this.#askAgain(flight, 0);
      return;
    }
    for (const passenger of passengers) {
      if (!passenger.isMuted) this.#endStruck(passenger, error);
    }
  }

  /** The connection ended. Only what it was working on is lost; reads behind that are asked again. */
  onLost(_session: SharedSession, flight: Flight, error: Error): void {
    if (flight.changesSomething) {
      // Whether it was committed before is not known.
      for (const { submission, isMuted, index } of flight.passengers)
        if (!isMuted) this.#end(submission, error, index);
      return;
    }
    const struck = flight.current;
    if (struck && !struck.isMuted) this.#end(struck.submission, error, struck.index);
    this.#askAgain(flight, flight.position + 1);
  }

  #endStruck({ submission, index }: Passenger, error: Error | undefined): void {
    if (error && mayBeOutdated(error, submission)) {
      submission.parsesAnew = true;
      this.#enqueue(submission);
    } else this.#end(submission, error, index);
  }

  /** However often: each time the flight has lost one whom it carries no more. */
  #askAgain({ passengers }: Flight, from: number): void {
    for (let at = from; at < passengers.length; at++) {
      const { submission, isMuted } = passengers[at]!;
      if (isMuted) continue;
      if (this.#closedBecause) this.#end(submission, this.#closedBecause);
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
    const inTheAir: Flight[] = [];
    for (const session of this.#sessions) {
      if (session.isRetired) continue;
      if (session.flight) inTheAir.push(session.flight);
      else idle.push(session);
    }
    const plan = planFlights(waiting, idle.length, inTheAir, now);
    this.#waiting = plan.waiting;
    for (const submissions of plan.flights) this.#send(idle.pop()!, submissions, now);
    this.#openMore(plan.wantedSessions);
    this.#sweepSoon(now);
  }

  #send(session: SharedSession, submissions: readonly Submission[], now: number): void {
    for (const submission of submissions) submission.attempts++;
    const { answerBytes, catalog } = this.#options;
    session.send(submissions, { answerBytes, now, catalog, isolates: this.isolates });
  }

  #openMore(wanted: number): void {
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
    if (flight.changesSomething && passengers.length > 1) this.#watchInserts(session, flight, quietForMs);
    else if (passengers.length - position > 1) {
      if (quietForMs < stuckAfterMs) return;
      // Which of them it is cannot be seen from here; alone, it will show.
      forgetCost(passengers.slice(position));
      if (this.isolates) keepAlone(passengers[position]!, now);
      this.#askAgain(flight, position);
      for (const passenger of passengers) passenger.isMuted = true;
      void this.#abandon(session, requestCanceled());
    } else {
      const statements = flight.current?.prepared.length ?? 1;
      if (quietForMs > statementTimeoutMs * statements + graceMs)
        void this.#abandon(session, statementTimedOut(statementTimeoutMs));
    }
  }

  /**
   * One of them waits, and the others with it. What a flight has changed cannot be asked for elsewhere before it is known
   * to be undone, so Postgres is told to give it up, and says so; or it lands after all. No other flight takes the session.
   */
  #watchInserts(session: SharedSession, flight: Flight, quietForMs: number): void {
    if (quietForMs < stuckInsertsAfterMs) return;
    const { statementTimeoutMs } = this.#options;
    if (quietForMs > statementTimeoutMs + graceMs) {
      void this.#abandon(session, statementTimedOut(statementTimeoutMs));
    } else if (!session.isRetired) {
      session.isRetired = true;
      forgetCost(flight.passengers);
      void cancelRequest(session.connection);
    }
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
