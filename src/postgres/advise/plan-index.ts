/** In charge of deciding, from how a statement looks into a table, which index would help it, and whether one is there already. Pure. */
import type { IndexFacts } from "../inspect/index-report.ts";
import type { TableAccess } from "./read-access.ts";
import type { AdvisedTable } from "./table-facts.ts";

/** Below that reading a table whole costs nothing. */
const leastRows = 1_000;
/** An index that finds more of the table than that is not worth its keep. */
const mostShare = 0.05;
/** With fewer rows left another column adds nothing. */
const enoughRows = 20;
const mostColumns = 3;

/** Columns of the index that would help; undefined: none would, or one is there. */
export function planIndex(access: TableAccess, table: AdvisedTable): string[] | undefined {
  if (table.rows < leastRows) return undefined;
  const usable = (column: string) => table.columns.get(column)?.isIndexable === true;
  const equal = access.equal.filter(usable).sort((a, b) => distinctOf(table, b) - distinctOf(table, a));
  const columns: string[] = [];
  let left = table.rows;
  for (const column of equal) {
    if (columns.length === mostColumns || (columns.length > 0 && left <= enoughRows)) break;
    columns.push(column);
    left /= distinctOf(table, column);
  }
  const [sorted] = access.order;
  const sorts = access.hasLimit && sorted !== undefined && access.order.every(usable);
  // Rows that are few anyway are sorted at no cost.
  if (sorts && left > enoughRows && !access.order.some((one) => columns.includes(one))) {
    const all = [...columns, ...access.order].slice(0, mostColumns);
    return access.range.length === 0 || access.range.includes(sorted)
      ? unlessThere(all, access, table)
      : undefined;
  }
  if (left > enoughRows && columns.length < mostColumns) {
    const [range] = access.range.filter((one) => usable(one) && !columns.includes(one));
    // How much a range alone leaves nobody knows.
    if (range !== undefined && columns.length > 0) columns.push(range);
  }
  if (columns.length === 0 || left > mostShare * table.rows) return undefined;
  return unlessThere(columns, access, table);
}

const distinctOf = (table: AdvisedTable, column: string): number => table.columns.get(column)?.distinct ?? 1;

function unlessThere(columns: string[], access: TableAccess, table: AdvisedTable): string[] | undefined {
  return table.indexes.some((index) => serves(index, columns, access, table)) ? undefined : columns;
}

/** Does it find few enough rows by what the statement compares, or the rows in the order that it wants? */
function serves(
  index: IndexFacts,
  columns: readonly string[],
  access: TableAccess,
  table: AdvisedTable,
): boolean {
  // An index of part of a table serves those who ask for that part only; Postgres knows, and its plan is asked later.
  if (!index.is_valid || !/^btree $/.test(index.kind)) return false;
  const keys = index.columns.map(keyOf);
  if (columns.every((column, at) => keys[at] === column)) return true;
  let left = table.rows;
  let at = 0;
  for (; at < keys.length && access.equal.includes(keys[at]!); at += 1) left /= distinctOf(table, keys[at]!);
  if (at > 0 && left <= Math.max(enoughRows, 0.001 * table.rows)) return true;
  const isOrdered =
    access.order.length > 0 && access.order.every((column, place) => keys[at + place] === column);
  return isOrdered && access.equal.every((column) => keys.slice(0, at).includes(column));
}

/** The facts of an index have the operator class and the like behind the column. */
function keyOf(column: string): string {
  const name = column.replace(/ \d+ \d+ \d+$/, "");
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
