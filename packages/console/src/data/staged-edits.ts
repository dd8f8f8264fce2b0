/** In charge of changes to rows that are put together and not written yet. */
import type { RowEdit } from "@postern/sdk/protocol";
import type { Cell } from "./copy-rows.ts";

export interface StagedRow {
  key: Record<string, string>;
  /** As it was, for the columns that change. */
  was: Record<string, Cell>;
  values: Record<string, Cell>;
  deleted: boolean;
}

export interface Staged {
  rows: ReadonlyMap<string, StagedRow>;
  inserts: readonly Record<string, Cell>[];
}

export const nothingStaged: Staged = { rows: new Map(), inserts: [] };

export const countStaged = ({ rows, inserts }: Staged): number => rows.size + inserts.length;

export function stageValue(
  staged: Staged,
  key: Record<string, string>,
  column: string,
  was: Cell,
  value: Cell,
  isCut: boolean,
): Staged {
  const id = JSON.stringify(key);
  const row = staged.rows.get(id) ?? { key, was: {}, values: {}, deleted: false };
  const values = { ...row.values, [column]: value };
  // What was cut cannot be compared.
  const before = column in row.was ? row.was : isCut ? row.was : { ...row.was, [column]: was };
  if (value === before[column]) delete values[column];
  const rows = new Map(staged.rows);
  if (Object.keys(values).length === 0 && !row.deleted) rows.delete(id);
  else rows.set(id, { ...row, was: before, values });
  return { ...staged, rows };
}

/** A second time takes it back. */
export function stageDelete(staged: Staged, key: Record<string, string>): Staged {
  const id = JSON.stringify(key);
  const rows = new Map(staged.rows);
  const row = rows.get(id) ?? { key, was: {}, values: {}, deleted: false };
  if (!row.deleted) rows.set(id, { ...row, deleted: true });
  else if (Object.keys(row.values).length > 0) rows.set(id, { ...row, deleted: false });
  else rows.delete(id);
  return { ...staged, rows };
}

export const editsOf = ({ rows, inserts }: Staged): RowEdit[] => [
  ...inserts.map((values): RowEdit => ({ action: "insert", values })),
  ...[...rows.values()].map(({ key, values, was, deleted }): RowEdit => {
    if (deleted) return { action: "delete", key };
    const before = Object.fromEntries(Object.entries(was).filter(([column]) => column in values));
    return { action: "update", key, values, was: before };
  }),
];
