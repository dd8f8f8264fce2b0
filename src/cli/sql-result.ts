/** In charge of the shape of a statement's answer for the command line: its values by place, and its rows by name. */
import type { QueryField } from "@postern/sdk/protocol";

export interface SqlResult {
  /** Absent for a statement that answers no rows. */
  columns: QueryField[] | undefined;
  /** By name: of two columns of one name the last. */
  rows: Record<string, unknown>[];
  /** By place: all of them. */
  values: readonly (readonly unknown[])[];
  /** Rows answered or changed. */
  count: number;
}

export function sqlResult(
  columns: QueryField[] | undefined,
  values: readonly (readonly unknown[])[],
  count: number,
): SqlResult {
  const rows = values.map((row) =>
    Object.fromEntries((columns ?? []).map(({ name }, at) => [name, row[at] ?? null])),
  );
  return { columns, rows, values, count };
}
