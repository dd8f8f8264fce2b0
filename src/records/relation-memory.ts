/** In charge of remembering what the catalog says of tables, by the names that requests give them. */
import type { Relation } from "./relation.ts";

/** What the catalog says of a table is believed for this long, and then for as long as nothing in it has changed. */
const freshMs = 1_000;
const mostRemembered = 1_000;

export class RelationMemory {
  readonly #read: (table: string) => Promise<Relation>;
  readonly #isCurrent: (now: number) => boolean;
  readonly #known = new Map<string, { relation: Promise<Relation>; readAt: number }>();

  /** @param isCurrent has the catalog been looked at a moment ago, and `forgetAll` would have been called? */
  constructor(read: (table: string) => Promise<Relation>, isCurrent: (now: number) => boolean = () => false) {
    this.#read = read;
    this.#isCurrent = isCurrent;
  }

  /** @throws Y1060 */
  find(table: string): Promise<Relation> {
    const known = this.#known.get(table);
    const now = performance.now();
    if (known && (now - known.readAt < freshMs || this.#isCurrent(now))) return known.relation;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    const relation = this.#read(table);
    this.#known.set(table, { relation, readAt: now });
    relation.catch(() => this.forget(table));
    return relation;
  }

  /** Whether something was known at all. */
  forget(table: string): boolean {
    return this.#known.delete(table);
  }

  /** A table may be known by several names. */
  forgetAll(): void {
    this.#known.clear();
  }
}
