/**
 * In charge of remembering which statements, by their text, may share a session with those of other requests. A text is
 * looked at when it is seen again, and what was found is believed for as long as the catalog stays what it was; that is
 * looked at once a second.
 */
import { leadingKeyword, rowStatements } from "../leading-keyword.ts";
import { type ProfileKind, profileStatement } from "./statement-profile.ts";
import { type Audience, catalogStateQuery, verifyParams, verifyQuery } from "./verify-profile.ts";

export interface BookEntry {
  readonly text: string;
  /** `new` has been seen once; `checking` is being looked at. */
  verdict: "new" | "checking" | "shared" | "alone";
  kind: ProfileKind;
  /** Types of the parameters, once a session has told them. */
  parameterTypes: number[] | undefined;
  /** What it takes, milliseconds; infinite until it is known. */
  costMs: number;
  /** Before this moment (of performance.now()) it travels alone: it has held others up. */
  aloneUntil: number;
  /** For how long that was, milliseconds, when it was for others' locks. */
  partingMs: number;
}

/** Runs a query of Postern's own in the database and returns the first value of its first row, as text. */
export type AskCatalog = (sql: string, params: string[]) => Promise<string | undefined>;

/** Far more than an application has statements; beyond it the oldest are forgotten. */
const mostEntries = 2_000;
/** What waits to be looked at; a text beyond that is looked at when it comes again. */
const mostChecks = 50;
const believedForMs = 1_000;
/** The catalog is looked at before what is known of it grows too old, so that nothing has to run alone meanwhile. */
const lookAgainAfterMs = 700;
/** The first session comes within that, or does not come because of a request. */
const settlesWithinMs = 1_000;

export interface BookOptions {
  ask: AskCatalog;
  /** Sessions that were shared so far should be replaced. */
  onCatalogChange(): void;
  /** Whose statements they are. */
  audience: Audience;
  /** Each of them comes with the request that it belongs to, for the log of changes. */
  isMarked?: boolean;
  /**
   * False: there is no session yet, as after a sleep. Then the request that opens the first is not held up by questions
   * that nobody waits for: they wait for it, for a second. Always true if not given.
   */
  isSettled?(): boolean;
}

export class StatementBook {
  readonly #entries = new Map<string, BookEntry>();
  readonly #options: BookOptions;
  #catalogState: string | undefined;
  /** When the catalog's state was asked for: until a second later it is believed. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #comparing = false;
  #checks = 0;
  #unsettledSince: number | undefined;
  /** Counts what makes an answer that is under way worthless. */
  #epoch = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** The statement's entry if it may share a session now. */
  findShared(text: string, now: number): BookEntry | undefined {
    const entry = this.#entries.get(text);
    if (entry === undefined) {
      this.#add(text);
      return undefined;
    }
    const isSettled = this.#isSettled(now);
    if (entry.verdict === "new") {
      if (isSettled) this.#check(entry);
    } else if (entry.verdict !== "checking") {
      // What must be alone now may share when the catalog has changed.
      const age = now - this.#askedAt;
      if (age >= lookAgainAfterMs && isSettled) this.#lookAtCatalog(now);
      if (entry.verdict === "shared" && age < believedForMs) return entry;
    }
    return undefined;
  }

  #isSettled(now: number): boolean {
    if (this.#options.isSettled?.() ?? true) {
      this.#unsettledSince = undefined;
      return true;
    }
    this.#unsettledSince ??= now;
    return now - this.#unsettledSince > settlesWithinMs;
  }

  /** Is what was read from the catalog before still what it says? */
  isCurrent(now: number): boolean {
    return this.#catalogState !== undefined && now - this.#askedAt < believedForMs;
  }

  /** What has been found so far. */
  verdict(text: string): BookEntry["verdict"] | undefined {
    return this.#entries.get(text)?.verdict;
  }

  /** Types that Postgres has inferred for a statement that had a session to itself: then it need not be asked again. */
  noteTypes(text: string, types: number[]): void {
    const entry = this.#entries.get(text);
    if (entry) entry.parameterTypes = types;
  }

  /** To be called when a statement that had a session to itself is done: it may have changed the catalog. */
  noteRun(text: string): void {
    const keyword = leadingKeyword(text) ?? "";
    if (rowStatements.has(keyword) || keyword === "SHOW") return;
    this.#epoch++;
    this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  #add(text: string): void {
    if (this.#entries.size >= mostEntries) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(text, {
      text,
      verdict: "new",
      kind: "write",
      parameterTypes: undefined,
      costMs: Number.POSITIVE_INFINITY,
      aloneUntil: Number.NEGATIVE_INFINITY,
      partingMs: 0,
    });
  }

  /** One after the other: a burst of new statements must not take all sessions. */
  #check(entry: BookEntry): void {
    if (this.#checks === mostChecks) return;
    this.#checks++;
    entry.verdict = "checking";
    this.#queue = this.#queue
      .then(() => this.#verify(entry))
      .catch(() => {
        entry.verdict = "new";
      })
      .finally(() => {
        this.#checks--;
      });
  }

  async #verify(entry: BookEntry): Promise<void> {
    const { ask, audience, isMarked = false } = this.#options;
    const profile = await profileStatement(entry.text, audience);
    if (!profile) {
      entry.verdict = "alone";
      return;
    }
    // The catalog's state first: what changes from here on is seen when it is next compared.
    if (this.#catalogState === undefined) await this.#compareCatalog(performance.now());
    const epoch = this.#epoch;
    const isHarmless = (await ask(verifyQuery[audience], verifyParams(profile, audience, isMarked))) === "t";
    if (epoch !== this.#epoch || this.#catalogState === undefined) entry.verdict = "new";
    else if (isHarmless) {
      entry.kind = profile.kind;
      entry.verdict = "shared";
    } else entry.verdict = "alone";
  }

  #lookAtCatalog(now: number): void {
    if (this.#comparing) return;
    this.#comparing = true;
    this.#compareCatalog(now)
      // Until it can be asked, statements run alone.
      .catch(() => {})
      .finally(() => {
        this.#comparing = false;
      });
  }

  async #compareCatalog(now: number): Promise<void> {
    const epoch = this.#epoch;
    const state = await this.#options.ask(catalogStateQuery, []);
    if (state === undefined || epoch !== this.#epoch) return;
    if (this.#catalogState !== undefined && state !== this.#catalogState) this.#startAfresh();
    this.#catalogState = state;
    this.#askedAt = now;
  }

  /** What was found before was found in another catalog. */
  #startAfresh(): void {
    this.#epoch++;
    for (const entry of this.#entries.values()) {
      entry.verdict = "new";
      entry.parameterTypes = undefined;
    }
    this.#options.onCatalogChange();
  }
}
