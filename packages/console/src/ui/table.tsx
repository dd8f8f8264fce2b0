/** In charge of plain tables of things: few columns, some of which give way on narrow screens; rows may lead somewhere. */
import type { ComponentChildren, Key } from "preact";

export interface Column<Row> {
  name: string;
  /** Shown instead of the name, for columns that speak for themselves. */
  hideName?: boolean;
  render: (row: Row) => ComponentChildren;
  /** The narrowest screen that it is shown on. */
  from?: "tablet" | "desktop";
  align?: "end";
  /** Takes what is left. */
  grow?: boolean;
}

export interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => Key;
  empty?: ComponentChildren;
}

export function Table<Row>({ label, columns, rows, keyOf, empty }: TableProps<Row>) {
  if (rows.length === 0 && empty) return <>{empty}</>;
  const classOf = ({ from, align, grow }: Column<Row>) =>
    [from && `from-${from}`, align && "align-end", grow && "grow"].filter(Boolean).join(" ");
  return (
    <div class="table-frame">
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={classOf(column)}>
                {column.hideName ? <span class="hidden-text">{column.name}</span> : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.name} class={classOf(column)}>
                  {column.render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
