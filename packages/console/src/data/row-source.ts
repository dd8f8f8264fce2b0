/**
 * In charge of the rows of a table as they are needed: page by page, by key where the page before is known, else by offset; what
 * is not looked at any more is asked for no longer.
 */
import type { ErrorBody, RowCount, RowPage, RowPageRequest } from "@postern/sdk/protocol";
import { signal } from "@preact/signals";
import { ask, isAbort, problemOf } from "../app/api.ts";
import type { Cell } from "./copy-rows.ts";

/** A browser can scroll so far. */
export const mostRowsShown = 500_000;
const mostPages = 40;
/** As far around what is in sight are rows made ready. */
const rowsAhead = 40;

export class RowSource {
  /** Goes up when rows came. */
  readonly version = signal(0);
  readonly problem = signal<ErrorBody | undefined>(undefined);
  readonly count = signal<RowCount | undefined>(undefined);
  /** Rows that there are at least, and whether that is all. */
  readonly known = signal({ rows: 0, isAll: false });
  readonly loaded = signal(false);
  /** Of the page that came last. */
  readonly by = signal<RowPage["by"]>("key");
  readonly #path: string;
  readonly #request: RowPageRequest;
  readonly #pageSize: number;
  readonly #pages = new Map<number, RowPage & { cuts: Set<string> }>();
  readonly #cursors = new Map<number, string>();
  readonly #asked = new Map<number, AbortController>();
  readonly #end = new AbortController();
  #timer: number | undefined;
  #wanted = "";

  constructor(path: string, request: RowPageRequest, pageSize: number) {
    this.#path = path;
    this.#request = request;
    this.#pageSize = pageSize;
    void this.#load(0);
    void this.#countRows();
  }

  rowAt(index: number): readonly Cell[] | undefined {
    return this.#pages.get(Math.floor(index / this.#pageSize))?.rows[index % this.#pageSize];
  }

  isCut(row: number, column: number): boolean {
    const page = this.#pages.get(Math.floor(row / this.#pageSize));
    return page !== undefined && page.cuts.size > 0 && page.cuts.has(`${row % this.#pageSize},${column}`);
  }

  /**
   * What of it is missing is asked for, and what lies close by, once the scrolling is slow enough for the same pages to be wanted for a
   * moment.
   */
  need(first: number, last: number): void {
    const from = Math.max(0, Math.floor((first - rowsAhead) / this.#pageSize));
    const to = Math.floor((last + rowsAhead) / this.#pageSize);
    const wanted = `${from} ${to}`;
    if (this.#timer !== undefined && wanted === this.#wanted) return;
    this.#wanted = wanted;
    window.clearTimeout(this.#timer);
    const ask = () => {
      this.#timer = undefined;
      this.#needNow(from, to);
    };
    this.#timer = window.setTimeout(ask, this.loaded.peek() ? 40 : 0);
  }

  close(): void {
    window.clearTimeout(this.#timer);
    this.#end.abort();
    for (const abort of this.#asked.values()) abort.abort();
  }

  #needNow(from: number, to: number): void {
    for (const [page, abort] of this.#asked) if (page < from || page > to) abort.abort();
    for (let page = from; page <= to; page++) {
      const isThere = this.#pages.has(page) || this.#asked.has(page);
      const { rows, isAll } = this.known.peek();
      if (!isThere && !(isAll && page * this.#pageSize >= rows)) void this.#load(page);
    }
  }

  async #load(page: number): Promise<void> {
    const abort = new AbortController();
    this.#asked.set(page, abort);
    const after = this.#cursors.get(page);
    const place = page === 0 ? {} : after === undefined ? { offset: page * this.#pageSize } : { after };
    try {
      const answer = await ask<RowPage>(`${this.#path}/rows`, {
        method: "POST",
        body: { ...this.#request, ...place, limit: this.#pageSize },
        signal: abort.signal,
      });
      this.#keep(page, answer);
    } catch (error) {
      if (!isAbort(error)) this.problem.value = problemOf(error);
    } finally {
      if (this.#asked.get(page) === abort) this.#asked.delete(page);
      this.loaded.value = true;
    }
  }

  #keep(page: number, answer: RowPage): void {
    const cuts = new Set(answer.cut.map(([row, column]) => `${row},${column}`));
    this.#pages.set(page, { ...answer, cuts });
    if (this.#pages.size > mostPages) {
      const far = [...this.#pages.keys()].toSorted((a, b) => Math.abs(b - page) - Math.abs(a - page));
      this.#pages.delete(far[0]!);
    }
    if (answer.next !== null) this.#cursors.set(page + 1, answer.next);
    const until = page * this.#pageSize + answer.rows.length;
    const known = this.known.peek();
    if (!answer.more && answer.rows.length > 0) this.known.value = { rows: until, isAll: true };
    else if (page === 0 && answer.rows.length === 0) this.known.value = { rows: 0, isAll: true };
    else if (!known.isAll) this.known.value = { rows: Math.max(known.rows, until + 1), isAll: false };
    this.by.value = answer.by;
    this.problem.value = undefined;
    this.version.value += 1;
  }

  async #countRows(): Promise<void> {
    const { table, filters, where, as } = this.#request;
    const body = { table, ...(filters && { filters }), ...(where && { where }), ...(as && { as }) };
    try {
      this.count.value = await ask<RowCount>(`${this.#path}/rows/count`, {
        method: "POST",
        body,
        signal: this.#end.signal,
      });
      this.version.value += 1;
    } catch {
      // The rows themselves tell what is wrong, where something is.
    }
  }

  /** How many rows the grid has room for. */
  get size(): number {
    const { rows, isAll } = this.known.value;
    if (isAll) return Math.min(mostRowsShown, rows);
    const counted = this.count.value;
    return Math.min(mostRowsShown, Math.max(rows, counted?.exact ?? counted?.estimate ?? 0));
  }
}
