/**
 * In charge of when those who wait fly, while those who have just landed may come again: callers that ask one thing after
 * the other are back within a fraction of what a commit takes, and would else fly in two halves that never meet, each with a
 * commit of its own. Where they do not come back, nobody waits for them for a while.
 */
import type { Company } from "./shared-request.ts";

/** Where a commit takes less than this, waiting gains nothing. */
const leastFlightMs = 0.5;
/** Longest that one waits for another. */
export const mostWaitMs = 1;
const firstPauseMs = 50;
const longestPauseMs = 5_000;

export class CompanyWait {
  #expected = 0;
  #until = 0;
  #pauseMs = firstPauseMs;
  #pausedUntil = 0;

  /** `count`: who was aboard, and who waits already. */
  onLanded(count: number, tookMs: number, now: number): void {
    const isWorthIt = count > 1 && tookMs >= leastFlightMs && now >= this.#pausedUntil;
    this.#expected = isWorthIt ? count : 0;
    this.#until = now + mostWaitMs;
  }

  /** Shall those who wait go on waiting? */
  goesOn(waiting: number, now: number): boolean {
    if (this.#expected === 0) return false;
    if (waiting < this.#expected && now < this.#until) return true;
    // Half of them are company enough to have been worth it.
    if (waiting * 2 > this.#expected) this.#pauseMs = firstPauseMs;
    else {
      this.#pausedUntil = now + this.#pauseMs;
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
    }
    this.#expected = 0;
    return false;
  }
}

/** One for each kind of company that a commit is saved for. */
export class CompanyWaits {
  readonly #waits: Partial<Record<Company, CompanyWait>> = {
    inserts: new CompanyWait(),
    changes: new CompanyWait(),
  };

  of(company: Company): CompanyWait | undefined {
    return this.#waits[company];
  }
}
