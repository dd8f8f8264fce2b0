/** In charge of the databases that a data plane has opened: each once, however many requests ask for it at a time. */
import type { DatabaseId } from "../base/id.ts";
import type { QueryContext } from "./query-context.ts";

export class OpenContexts {
  readonly #open: (databaseId: DatabaseId) => Promise<QueryContext>;
  readonly #opening = new Map<DatabaseId, Promise<QueryContext>>();
  /** Those that are there, for the hot path: no turn of the event loop is waited for what is at hand. */
  readonly #opened = new Map<DatabaseId, QueryContext>();

  constructor(open: (databaseId: DatabaseId) => Promise<QueryContext>) {
    this.#open = open;
  }

  get(databaseId: DatabaseId): QueryContext | undefined {
    return this.#opened.get(databaseId);
  }

  all(): Iterable<QueryContext> {
    return this.#opened.values();
  }

  ids(): DatabaseId[] {
    return [...this.#opening.keys()];
  }

  /** A failure is forgotten: the next request looks the database up again. */
  async open(databaseId: DatabaseId): Promise<QueryContext> {
    const known = this.#opening.get(databaseId);
    if (known) return known;
    const opening = this.#open(databaseId);
    this.#opening.set(databaseId, opening);
    try {
      const context = await opening;
      if (this.#opening.get(databaseId) === opening) this.#opened.set(databaseId, context);
      return context;
    } catch (error) {
      if (this.#opening.get(databaseId) === opening) this.#opening.delete(databaseId);
      throw error;
    }
  }

  /** What was there, or is being looked up; a request that comes now looks the database up again. */
  remove(databaseId: DatabaseId): { opened?: QueryContext; opening?: Promise<QueryContext> } {
    const opened = this.#opened.get(databaseId);
    const opening = this.#opening.get(databaseId);
    this.#opened.delete(databaseId);
    this.#opening.delete(databaseId);
    if (opened) return { opened };
    return opening ? { opening } : {};
  }
}
