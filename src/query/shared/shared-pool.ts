/**
 * In charge of the sessions that requests share. Reads that wait together fly together, and so do inserts and
 * changes of rows; what takes long, and what may not be undone and run again, has its session to itself while it runs. What one request does (fails, is slow, loses its client)
 * never reaches those that share its session.
 */
import type { DepartureSignal } from "../../base/departure.ts";
import type { PosternError } from "../../base/error.ts";
import { cancelRequest } from "../../postgres/wire/cancel-request.ts";
import { requestCanceled, statementTimedOut, tooBusy } from "../query-error.ts";
import { CompanyWaits, mostWaitMs } from "./await-company.ts";
import type { Flight, Passenger } from "./flight.ts";
import { isLockTrouble, judgeFlight } from "./judge-flight.ts";
import { forgetCost, keepAlone, mostPassengers, noteCost, partCompany, planFlights } from "./plan-flights.ts";
import { askAgain, settleLanded, settleLost, settlePassenger } from "./settle-flight.ts";
import type { SharedPoolOptions } from "./shared-pool-options.ts";
import { endSubmission, type SharedRequest, type Submission } from "./shared-request.ts";
import type { SessionOwner, SharedSession } from "./shared-session.ts";
import { SharedSessions } from "./shared-sessions.ts";

const sweepEveryMs = 10;

export class SharedPool implements SessionOwner {
  readonly #options: SharedPoolOptions;
  readonly #sessions: SharedSessions;
  readonly #takeAgain = (submission: Submission) => this.#enqueue(submission);
  readonly #waits = new CompanyWaits();
  #waiting: Submission[] = [];
  #isFlushing = false;
  #sweep: NodeJS.Timeout | undefined;
  #wait: NodeJS.Timeout | undefined;
  #sweepDueAt = 0;
  #closedBecause: PosternError | undefined;

  constructor(options: SharedPoolOptions) {
    this.#options = options;
    this.#sessions = new SharedSessions({
      open: options.open,
      size: options.size,
      owner: this,
      onChange: () => this.#flushSoon(),
      onNoneLeft: (error) => this.#refuseAll(error),
    });
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

  /** Somebody is at home: whoever asks need not open the first session. */
  get isOpen(): boolean {
    return !this.#sessions.isEmpty;
  }

  /** Closes the sessions as soon as they are free; what comes next gets new ones. */
  retire(): void {
    this.#sessions.retireAll();
    if (this.#waiting.length === 0) this.#sessions.giveUpOpening();
  }

  closeIdle(): void {
    this.#sessions.closeIdle(performance.now() - this.#options.idleTimeoutMs);
  }

  /** Ends everything; who waits or is under way gets `because`. */
  async close(because: PosternError): Promise<void> {
    this.#closedBecause = because;
    clearTimeout(this.#sweep);
    clearTimeout(this.#wait);
    this.#refuseAll(because);
    await this.#sessions.close(because);
  }

  #refuseAll(error: Error): void {
    for (const submission of this.#waiting.splice(0)) endSubmission(submission, error);
  }

  onArrived(session: SharedSession, passenger: Passenger, error: Error | undefined): void {
    session.lastAnswerAt = performance.now();
    settlePassenger(passenger, error, this.#takeAgain);
  }

  onLanded(session: SharedSession, flight: Flight, error: Error | undefined): void {
    const now = performance.now();
    session.lastAnswerAt = now;
    if (now - session.openedAt > this.#options.maxLifetimeMs) session.isRetired = true;
    session.closeIfDone();
    if (!error) this.#noteLanding(flight, now);
    else if (isLockTrouble(flight, error)) partCompany(flight, now);
    // Of a flight that isolates, all have arrived, and some may be asked once more.
    if (!this.isolates) settleLanded(flight, error, this.#takeAgain);
    if (this.#waiting.length > 0) this.#flushSoon();
  }

  #noteLanding(flight: Flight, now: number): void {
    noteCost(flight, now);
    const { company } = flight.passengers[0]!.submission.request;
    const wait = this.#waits.of(company);
    if (wait === undefined || this.isolates) return;
    const others = this.#waiting.filter(({ request }) => request.company === company).length;
    wait.onLanded(Math.min(flight.passengers.length + others, mostPassengers), now - flight.sentAt, now);
  }

  onLost(_session: SharedSession, flight: Flight, error: Error): void {
    settleLost(flight, error, this.#takeAgain);
  }

  #enqueue(submission: Submission): void {
    if (this.#closedBecause) {
      endSubmission(submission, this.#closedBecause);
      return;
    }
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
    const plan = planFlights(waiting, idle.length, inTheAir, now, this.#waits);
    this.#waiting = plan.waiting;
    for (const submissions of plan.flights) this.#send(idle.pop()!, submissions, now);
    this.#sessions.openMore(plan.wantedSessions);
    if (plan.awaitsCompany) this.#wait ??= setTimeout(() => this.#endWait(), mostWaitMs);
    this.#sweepSoon(now);
  }

  #endWait(): void {
    this.#wait = undefined;
    this.#flushSoon();
  }

  #send(session: SharedSession, submissions: readonly Submission[], now: number): void {
    for (const submission of submissions) submission.attempts++;
    const { answerBytes, catalog, besideBytes = 0 } = this.#options;
    session.send(submissions, { answerBytes, besideBytes, now, catalog, isolates: this.isolates });
  }

  /** The client has gone. A statement that has its session to itself is canceled; one among others runs unheard. */
  #leave(submission: Submission): void {
    if (submission.isDone) return;
    endSubmission(submission, requestCanceled());
    for (const session of this.#sessions) {
      const passengers = session.flight?.passengers ?? [];
      const passenger = passengers.find((one) => one.submission === submission && !one.isMuted);
      if (passenger === undefined) continue;
      passenger.isMuted = true;
      if (passengers.every(({ isMuted }) => isMuted)) void this.#sessions.abandon(session, requestCanceled());
    }
  }

  #sweepSoon(now: number): void {
    if (this.#sweep) return;
    this.#sweepDueAt = now + sweepEveryMs;
    this.#sweep = setTimeout(() => this.#onSweep(), sweepEveryMs);
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

  /** Breaks up company that waits for one of them, and ends what runs for too long. */
  #watch(session: SharedSession, flight: Flight, now: number): void {
    const { statementTimeoutMs } = this.#options;
    const verdict = judgeFlight(
      flight,
      now - Math.max(flight.sentAt, session.lastAnswerAt),
      statementTimeoutMs,
    );
    if (verdict === "part") this.#part(session, flight, now);
    else if (verdict === "cancel") this.#cancel(session, flight);
    else if (verdict === "end") void this.#sessions.abandon(session, statementTimedOut(statementTimeoutMs));
  }

  #part(session: SharedSession, flight: Flight, now: number): void {
    const { passengers, position } = flight;
    forgetCost(passengers.slice(position));
    if (this.isolates) keepAlone(passengers[position]!, now);
    askAgain(flight, position, this.#takeAgain);
    for (const passenger of passengers) passenger.isMuted = true;
    void this.#sessions.abandon(session, requestCanceled());
  }

  /** Once; no other flight takes the session, which the cancel request might reach late. */
  #cancel(session: SharedSession, flight: Flight): void {
    if (session.isRetired) return;
    session.isRetired = true;
    forgetCost(flight.passengers);
    void cancelRequest(session.connection);
  }

  #refuseLateWaiters(now: number): void {
    const { queueTimeoutMs } = this.#options;
    // Nobody is in the way: the server itself is awaited, and whether it comes is said by the attempt to reach it.
    if (this.#sessions.isOpeningFirst) return;
    const late = this.#waiting.filter(({ submittedAt }) => now - submittedAt >= queueTimeoutMs);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => !late.includes(one));
    const error = tooBusy(`No connection was free for ${queueTimeoutMs / 1000} s.`);
    for (const submission of late) endSubmission(submission, error);
  }
}
