/** In charge of showing the columns of recorded rows in the order that the table has them: jsonb keeps none. Pure. */
import type { MutationRecord, RecordData } from "@postern/sdk/protocol";

type Columns = readonly { name: string }[];

/** What the table does not have any more comes last. */
export function orderColumns<Row extends RecordData | null>(row: Row, columns: Columns): Row {
  if (row === null) return row;
  const names = orderNames(Object.keys(row), columns);
  return Object.fromEntries(names.map((name) => [name, row[name]!])) as Row;
}

export const orderMutation = (mutation: MutationRecord, columns: Columns): MutationRecord => ({
  ...mutation,
  old: orderColumns(mutation.old, columns),
  new: orderColumns(mutation.new, columns),
  changed: mutation.changed && orderNames(mutation.changed, columns),
});

function orderNames(names: readonly string[], columns: Columns): string[] {
  const given = new Set(names);
  const known = columns.map(({ name }) => name).filter((name) => given.delete(name));
  return [...known, ...given];
}
