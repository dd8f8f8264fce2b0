/**
 * In charge of the sessions of one database: opened when needed, lent to one request at a time, closed when idle too
 * long. Who finds no session free waits in line.
 */
import type { DepartureSignal } from "../base/departure.ts";
import type { PosternError } from "../base/error.ts";
import { cancelRequest } from "../postgres/wire/cancel-request.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";
import { requestCanceled, tooBusy } from "./query-error.ts";
import { SessionOpenings } from "./session-openings.ts";
import { sendReset } from "./session-reset.ts";

/** How long a session waits for a request that resets it on its way. */
const resetDelayMs = 10;

export interface PoolOptions {
  open(signal: AbortSignal): Promise<WireConnection>;
  size: number;
  /** Most requests that may wait, and for how long. */
  queueLength: number;
  queueTimeoutMs: number;
  idleTimeoutMs: number;
  maxLifetimeMs: number;
}

export interface Session {
  readonly connection: WireConnection;
  readonly openedAt: number;
  lastUsedAt: number;
  /** Something of the last request may be left in it: whoever takes it resets it before anything else. */
  used: boolean;
  /** Is closed when it is given back. */
  isRetired: boolean;
}

interface Waiter {
  resolve(session: Session): void;
  reject(error: Error): void;
}

export class SessionPool {
  readonly #options: PoolOptions;
  /** All that hold a connection of the server: idle, lent, or being canceled. */
  readonly #sessions = new Set<Session>();
  readonly #idle: Session[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #openings = new SessionOpenings();
  #resetTimer: NodeJS.Timeout | undefined;
  #closedBecause: PosternError | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** There is a session, whoever has it. */
  get isOpen(): boolean {
    return this.#sessions.size > 0;
  }

  /** A session that is free at this moment. It must be given back by `release` or `abandon`. */
  takeIdle(): Session | undefined {
    return this.#idle.pop();
  }

  /** A session as soon as one is free. @throws Y4004 when too many wait or it takes too long; Y1017; Y4001 */
  wait(signal?: DepartureSignal): Promise<Session> {
    if (this.#closedBecause) return Promise.reject(this.#closedBecause);
    if (signal?.aborted) return Promise.reject(requestCanceled());
    const { queueLength, queueTimeoutMs } = this.#options;
    if (this.#waiters.size >= queueLength)
      return Promise.reject(tooBusy(`${queueLength} requests wait already.`));
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        resolve: (session) => {
          leave();
          resolve(session);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = () => waiter.reject(requestCanceled());
      const onLate = () => {
        // Nobody is in the way: the server itself is awaited, and whether it comes is said by the attempt to reach it.
        if (this.#sessions.size === 0 && this.#openings.count > 0) timer = setTimeout(onLate, queueTimeoutMs);
        else waiter.reject(tooBusy(`No connection was free for ${queueTimeoutMs / 1000} s.`));
      };
      let timer = setTimeout(onLate, queueTimeoutMs);
      signal?.addEventListener("abort", onAbort);
      this.#waiters.add(waiter);
      this.#openIfNeeded();
    });
  }

  /**
   * Takes back a session that is still to be reset. The next request does that on its way, in the same write, which
   * saves both sides a round of system calls; when none comes at once, it is done without one.
   */
  releaseUsed(session: Session): void {
    session.used = true;
    this.release(session);
    if (session.used) this.#resetTimer ??= setTimeout(() => this.#resetIdle(), resetDelayMs);
  }

  /** Takes back a session. */
  release(session: Session): void {
    if (session.connection.ended) return;
    const now = performance.now();
    session.lastUsedAt = now;
    if (this.#closedBecause || session.isRetired || now - session.openedAt > this.#options.maxLifetimeMs) {
      session.connection.close();
      return;
    }
    const [next] = this.#waiters;
    if (next) next.resolve(session);
    else this.#idle.push(session);
  }

  /**
   * Ends what the session is doing, and the session with it: the cancel request travels on a socket of its own and may
   * arrive late, so the session must never run another statement. Its place stays taken until the server knows.
   */
  async abandon(session: Session, error: Error): Promise<void> {
    if (session.connection.ended) return;
    session.connection.onEnd = undefined;
    session.connection.destroy(error);
    await cancelRequest(session.connection);
    this.#forget(session);
  }

  closeIdle(): void {
    const oldest = performance.now() - this.#options.idleTimeoutMs;
    // The least used lie at the front: sessions are taken from and put to the back.
    while (this.#idle[0] && this.#idle[0].lastUsedAt < oldest) this.#idle.shift()!.connection.close();
  }

  /** Closes the sessions as soon as each is free; who comes next gets new ones. */
  retire(): void {
    for (const session of this.#idle.splice(0)) session.connection.close();
    for (const session of this.#sessions) session.isRetired = true;
    // One that came later would wake a server that falls asleep meanwhile.
    if (this.#waiters.size === 0) this.#openings.giveUp();
  }

  /** Ends all sessions, busy ones too; whoever uses or awaits one gets `because`. */
  async close(because: PosternError): Promise<void> {
    this.#closedBecause = because;
    this.#openings.giveUp();
    clearTimeout(this.#resetTimer);
    for (const waiter of this.#waiters) waiter.reject(because);
    for (const session of this.#idle.splice(0)) session.connection.close();
    await Promise.all([...this.#sessions].map((session) => this.abandon(session, because)));
  }

  /** Resets those that have lain for a while; those that were put back just now wait for the next round. */
  #resetIdle(): void {
    this.#resetTimer = undefined;
    const rested = performance.now() - resetDelayMs / 2;
    let left = false;
    for (const session of [...this.#idle]) {
      if (!session.used) continue;
      if (session.lastUsedAt > rested) left = true;
      else {
        this.#idle.splice(this.#idle.indexOf(session), 1);
        sendReset(this, session, "I");
      }
    }
    if (left) this.#resetTimer = setTimeout(() => this.#resetIdle(), resetDelayMs);
  }

  #openIfNeeded(): void {
    if (this.#closedBecause || this.#openings.count >= this.#waiters.size) return;
    if (this.#sessions.size + this.#openings.count >= this.#options.size) return;
    this.#openings.begin({
      open: this.#options.open,
      onOpen: (connection) => this.#adopt(connection),
      onFailed: (error) => this.#onOpenFailed(error),
    });
  }

  #adopt(connection: WireConnection): void {
    const now = performance.now();
    const session: Session = { connection, openedAt: now, lastUsedAt: now, used: false, isRetired: false };
    this.#sessions.add(session);
    connection.onEnd = () => this.#forget(session);
    this.release(session);
  }

  /** As long as a session lives, it serves those who wait; without any, waiting longer is in vain. */
  #onOpenFailed(error: Error): void {
    if (this.#sessions.size > 0) return;
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #forget(session: Session): void {
    this.#sessions.delete(session);
    const index = this.#idle.indexOf(session);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#openIfNeeded();
  }
}
