/** In charge of advice on a database's indexes: those that its statements miss, those that nobody needs. */
import type pg from "pg";
import { judgeIndex } from "../inspect/index-report.ts";
import { readableIdentifier } from "../readable-identifier.ts";
import { planIndex } from "./plan-index.ts";
import { readAccess } from "./read-access.ts";
import { type AdvisedTable, readTableFacts } from "./table-facts.ts";
import { findPretending, type Verdict, verifyIndex } from "./verify-index.ts";

/** A statement that runs, with `$1` where a value was. */
export interface WorkloadStatement {
  statement: string;
  calls: number;
  total_ms: number;
}

export interface IndexAdvice {
  kind: "missing_index" | "unused_index" | "duplicate_index" | "invalid_index";
  table: string;
  columns: string[];
  /** The index that is there already. */
  index: string | null;
  reason: string;
  /** Of the statements that would gain. */
  calls: number;
  total_ms: number;
  statements: string[];
  /** By Postgres's reckoning, of the statement that would gain most; null where it was not asked. */
  cost_before: number | null;
  cost_after: number | null;
  /** Reckoned from the rows that Postgres expects; null where nothing is missing. */
  cost_after_guess: number | null;
  size_bytes: number | null;
  run: string;
}

/** What ran less often than that is no pattern. */
const leastCalls = 5;
const mostStatements = 200;

export async function adviseIndexes(
  client: pg.ClientBase,
  workload: readonly WorkloadStatement[],
): Promise<IndexAdvice[]> {
  const tables = await readTableFacts(client);
  const missing = await findMissing(client, tables, workload);
  const needless = [...tables.values()].flatMap((table) =>
    table.indexes.flatMap((index) => judge(table, index)),
  );
  return [...missing, ...needless];
}

async function findMissing(
  client: pg.ClientBase,
  tables: ReadonlyMap<string, AdvisedTable>,
  workload: readonly WorkloadStatement[],
): Promise<IndexAdvice[]> {
  const pretending = await findPretending(client);
  const find = (name: string) => tables.get(name.includes(".") ? name : `public.${name}`);
  const hasColumn = (name: string, column: string) => find(name)?.columns.has(column) === true;
  const found = new Map<string, IndexAdvice>();
  const repeated = workload.filter(({ calls }) => calls >= leastCalls);
  for (const one of [...repeated].sort((a, b) => b.total_ms - a.total_ms).slice(0, mostStatements)) {
    for (const access of await readAccess(one.statement, hasColumn)) {
      const table = find(access.table);
      const columns = table && planIndex(access, table);
      if (!table || !columns) continue;
      const run = createIndex(table, columns);
      const known = found.get(run);
      const verdict = await verifyIndex(client, one.statement, {
        table: table.name,
        pages: table.pages,
        inOrder: access.order.length > 0 && access.order.every((column) => columns.includes(column)),
        definition: run.replace(" CONCURRENTLY", ""),
        pretending,
      });
      if (!verdict?.helps) continue;
      if (known) {
        known.calls += one.calls;
        known.total_ms += one.total_ms;
        known.statements.push(one.statement);
      } else found.set(run, adviceOf(table, columns, one, run, verdict));
    }
  }
  return withoutPrefixes([...found.values()]);
}

function adviceOf(
  table: AdvisedTable,
  columns: string[],
  one: WorkloadStatement,
  run: string,
  { costBefore, costAfter, costGuess }: Omit<Verdict, "helps">,
): IndexAdvice {
  return {
    kind: "missing_index",
    table: placeOf(table),
    columns,
    index: null,
    reason: `read from end to end (about ${Math.round(table.rows).toLocaleString("en-US")} rows) for each of these statements`,
    calls: one.calls,
    total_ms: one.total_ms,
    statements: [one.statement],
    cost_before: costBefore,
    cost_after: costAfter,
    cost_after_guess: costGuess,
    size_bytes: null,
    run,
  };
}

/** An index on (a, b) serves who looks for a alone: one is enough. */
function withoutPrefixes(all: readonly IndexAdvice[]): IndexAdvice[] {
  return all.filter(
    (one) =>
      !all.some(
        (other) =>
          other !== one &&
          other.table === one.table &&
          other.columns.length > one.columns.length &&
          one.columns.every((column, at) => other.columns[at] === column),
      ),
  );
}

function judge(table: AdvisedTable, index: AdvisedTable["indexes"][number]): IndexAdvice[] {
  const verdict = judgeIndex(index, table.indexes);
  if (!verdict) return [];
  const kind = verdict.note.startsWith("never")
    ? "unused_index"
    : verdict.note.startsWith("invalid")
      ? "invalid_index"
      : "duplicate_index";
  return [
    {
      kind,
      table: placeOf(table),
      columns: [],
      index: index.index,
      reason: verdict.note,
      calls: 0,
      total_ms: 0,
      statements: [],
      cost_before: null,
      cost_after: null,
      cost_after_guess: null,
      size_bytes: index.size_bytes,
      run: verdict.mend,
    },
  ];
}

/** As the document prints it: `CREATE INDEX … ON todos(user_id);`. */
const createIndex = (table: AdvisedTable, columns: readonly string[]): string =>
  `CREATE INDEX CONCURRENTLY ON ${placeOf(table)}(${columns.map(readableIdentifier).join(", ")});`;

const placeOf = ({ schema, name }: AdvisedTable): string =>
  schema === "public"
    ? readableIdentifier(name)
    : `${readableIdentifier(schema)}.${readableIdentifier(name)}`;
