/** In charge of the sessions that a pool of shared sessions holds: opening them, letting them go, giving up what one does. */
import type { PosternError } from "../../base/error.ts";
import { cancelRequest } from "../../postgres/wire/cancel-request.ts";
import type { WireConnection } from "../../postgres/wire/wire-connection.ts";
import { SessionOpenings } from "../session-openings.ts";
import { type SessionOwner, SharedSession } from "./shared-session.ts";

export interface SharedSessionsOptions {
  open(signal: AbortSignal): Promise<WireConnection>;
  /** How many there may be. */
  size: number;
  /** Hears how the sessions' flights went. */
  owner: SessionOwner;
  /** There may be a place, or a session, for those who wait. */
  onChange(): void;
  /** No session could be had, and none is left. */
  onNoneLeft(error: Error): void;
}

export class SharedSessions implements Iterable<SharedSession> {
  readonly #options: SharedSessionsOptions;
  readonly #sessions = new Set<SharedSession>();
  /** Sessions that were abandoned and whose end the server has not confirmed yet: they still take a place. */
  #leaving = 0;
  readonly #openings = new SessionOpenings();
  #isClosed = false;

  constructor(options: SharedSessionsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0;
  }

  /** There is none, and one is on its way. */
  get isOpeningFirst(): boolean {
    return this.isEmpty && this.#openings.count > 0;
  }

  [Symbol.iterator](): Iterator<SharedSession> {
    return this.#sessions.values();
  }

  /** As far as there is room. */
  openMore(wanted: number): void {
    const { open, size } = this.#options;
    while (
      !this.#isClosed &&
      this.#openings.count < wanted &&
      this.#sessions.size + this.#openings.count + this.#leaving < size
    ) {
      this.#openings.begin({
        open,
        onOpen: (connection) => this.#adopt(connection),
        onFailed: (error) => this.#onOpenFailed(error),
      });
    }
  }

  #adopt(connection: WireConnection): void {
    const session = new SharedSession(connection, this.#options.owner, performance.now());
    this.#sessions.add(session);
    connection.onEnd = () => {
      this.#sessions.delete(session);
      this.#options.onChange();
    };
    this.#options.onChange();
  }

  /** As long as a session lives, it serves those who wait; without any, waiting longer is in vain. */
  #onOpenFailed(error: Error): void {
    if (this.#sessions.size === 0 && this.#openings.count === 0) this.#options.onNoneLeft(error);
  }

  /** Closes them as soon as they are free; what comes next gets new ones. */
  retireAll(): void {
    for (const session of this.#sessions) {
      session.isRetired = true;
      session.closeIfDone();
    }
  }

  /** Those that are being opened: one that came later would wake a server that falls asleep meanwhile. */
  giveUpOpening(): void {
    this.#openings.giveUp();
  }

  /** @param oldest By `performance.now()`: who has answered since then stays. */
  closeIdle(oldest: number): void {
    for (const session of this.#sessions) {
      if (session.flight === undefined && session.lastAnswerAt < oldest) session.connection.close();
    }
  }

  /** Where nothing is under way, nothing has to be canceled. */
  async close(because: PosternError): Promise<void> {
    this.#isClosed = true;
    this.#openings.giveUp();
    await Promise.all(
      [...this.#sessions].map((session) =>
        session.flight ? this.abandon(session, because) : session.connection.close(),
      ),
    );
  }

  /**
   * Ends what the session is doing, and the session with it: the cancel request travels on a socket of its own and may
   * arrive late, so the session must never run another statement. Its place stays taken until the server knows.
   */
  async abandon({ connection }: SharedSession, error: Error): Promise<void> {
    if (connection.ended) return;
    this.#leaving++;
    connection.destroy(error);
    await cancelRequest(connection);
    this.#leaving--;
    this.#options.onChange();
  }
}
