/** In charge of looking into databases for people: tables, rows, counts, single values. Everything is read as the owner, read-only, or as a client. */
import type {
  Catalog,
  CellRequest,
  CellValue,
  RowCount,
  RowExportRequest,
  RowPage,
  RowPageRequest,
  RowSelection,
} from "@postern/sdk/protocol";
import type { DepartureSignal } from "../base/departure.ts";
import { posternError } from "../base/error.ts";
import type { AnswerSink } from "../query/answer-sink.ts";
import type { QueryService, QueryTarget } from "../query/query-service.ts";
import { type BrowseOptions, createBrowseQueries, type Value } from "./browse-queries.ts";
import { compileCell, compileCount, compileExport, compileRows } from "./compile-rows.ts";
import { openExportSink } from "./export-sink.ts";
import { readCatalog } from "./read-catalog.ts";

export interface BrowseService {
  catalog(owner: QueryTarget, options: BrowseOptions): Promise<Catalog>;
  /** @param target whose rights count; the table is looked up as the owner. */
  rows(
    owner: QueryTarget,
    target: QueryTarget,
    input: RowPageRequest,
    options: BrowseOptions,
  ): Promise<RowPage>;
  count(
    owner: QueryTarget,
    target: QueryTarget,
    input: RowSelection,
    options: BrowseOptions,
  ): Promise<RowCount>;
  cell(
    owner: QueryTarget,
    target: QueryTarget,
    input: CellRequest,
    options: BrowseOptions,
  ): Promise<CellValue>;
  /** Resolves when everything is in the sink. */
  export(
    owner: QueryTarget,
    target: QueryTarget,
    input: RowExportRequest,
    sink: AnswerSink,
    options: BrowseOptions,
  ): Promise<void>;
}

/** An exact number is worth this much waiting. */
const countCapMs = 2_000;
/** Of one value, on demand. */
const mostCellCharacters = 4 * 1024 * 1024;

export function createBrowseService(query: Pick<QueryService, "execute" | "stream">): BrowseService {
  const { run, ask, look, estimate } = createBrowseQueries(query);
  return {
    catalog: (owner, options) => readCatalog(ask(owner, options)),

    async rows(owner, target, input, options) {
      const { relation, condition } = await look(owner, input, options);
      const compiled = compileRows(input, relation, condition);
      const found = await run(target, compiled, options);
      return describePage(compiled, found);
    },

    async count(owner, target, input, options) {
      const { relation, condition } = await look(owner, input, options);
      const { sql, params } = compileCount(input, relation, condition);
      const exact = await countWithin(countCapMs, options.signal, (signal) =>
        run(target, { sql: `select count(*)::pg_catalog.text ${sql}`, params }, { signal }),
      );
      if (exact !== null) return { exact, estimate: null };
      return { exact: null, estimate: await estimate(target, { sql, params }, options) };
    },

    async cell(owner, target, input, options) {
      const { relation } = await look(owner, input, options);
      const [row] = await run(target, compileCell(input, relation, mostCellCharacters), options);
      if (!row)
        throw posternError("Y1069", "The row is not there any more.", { hint: "Load the page again." });
      const [value = null, bytes, characters] = row as [Value, number | null, number | null];
      return { value, bytes: bytes ?? 0, cut: (characters ?? 0) > mostCellCharacters };
    },

    async export(owner, target, input, sink, options) {
      const { relation, condition } = await look(owner, input, options);
      const { sql, params, columns } = compileExport(input, relation, condition);
      const lines = openExportSink(input.format, columns, sink);
      const isClient = "kind" in target && target.kind === "client";
      await query.stream(target, { sql, params }, lines, {
        rowsAsArrays: true,
        ...(!isClient && { readOnly: true }),
        ...(options.signal && { signal: options.signal }),
      });
      lines.finish();
    },
  };
}

function describePage(
  { columns, cellLength, limit, by, cursorOf }: ReturnType<typeof compileRows>,
  found: Value[][],
): RowPage {
  const more = found.length > limit;
  const kept = found.slice(0, limit);
  const cut: RowPage["cut"] = [];
  const rows = kept.map((row, at) =>
    columns.map((_, column) => {
      const value = row[column] ?? null;
      if (value === null || value.length <= cellLength) return value;
      cut.push([at, column]);
      return withoutHalf(value.slice(0, cellLength));
    }),
  );
  const last = kept.at(-1);
  return { columns, rows, cut, next: more && last ? cursorOf(last) : null, more, by };
}

/** A character beyond the first 65,536 takes two; half of one is none. */
const withoutHalf = (text: string): string => text.replace(/[\ud800-\udbff]$/, "");

/** Null: it took too long, and was stopped. */
async function countWithin(
  capMs: number,
  departure: DepartureSignal | undefined,
  count: (signal: AbortSignal) => Promise<Value[][]>,
): Promise<number | null> {
  const stop = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    stop.abort();
  }, capMs);
  const onDeparture = () => stop.abort();
  departure?.addEventListener("abort", onDeparture);
  try {
    return Number((await count(stop.signal))[0]?.[0] ?? 0);
  } catch (error) {
    if (isLate) return null;
    throw error;
  } finally {
    clearTimeout(timer);
    departure?.removeEventListener("abort", onDeparture);
  }
}
