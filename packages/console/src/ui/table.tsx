/** In charge of plain tables of things: few columns, some of which give way on narrow screens; rows may lead somewhere. */
import type { ComponentChildren, Key } from "preact";
import { useState } from "preact/hooks";
import { count } from "../app/format.ts";
import { Button } from "./button.tsx";

export interface Column<Row> {
  name: string;
  /** Shown instead of the name, for columns that speak for themselves. */
  hideName?: boolean;
  render: (row: Row) => ComponentChildren;
  /** The narrowest screen that it is shown on. */
  from?: "tablet" | "desktop" | "wide";
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
  /** How many are drawn before more are asked for. */
  first?: number;
}

/** Which column is at the edge where those of wider screens are not shown. */
function lastShown<Row>(columns: readonly Column<Row>[]): Map<Column<Row>, string[]> {
  const lasts = new Map<Column<Row>, string[]>();
  const hidden: Column<Row>["from"][] = [];
  for (const [name, from] of [
    ["last-desktop", "wide"],
    ["last-tablet", "desktop"],
    ["last-phone", "tablet"],
  ] as const) {
    hidden.push(from);
    const last = columns.findLast((column) => !hidden.includes(column.from) || column.from === undefined);
    if (last) lasts.set(last, [...(lasts.get(last) ?? []), name]);
  }
  return lasts;
}

/** What is further down is drawn when it is asked for: thousands of rows take a browser long. */
const step = 250;

export function Table<Row>({ label, columns, rows, keyOf, empty, first = step }: TableProps<Row>) {
  const [shown, setShown] = useState(first);
  if (rows.length === 0 && empty) return <>{empty}</>;
  const lasts = lastShown(columns);
  const classOf = (column: Column<Row>) => {
    const { from, align, grow } = column;
    const ends = lasts.get(column) ?? [];
    return [from && `from-${from}`, align && "align-end", grow && "grow", ...ends].filter(Boolean).join(" ");
  };
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
          {rows.slice(0, shown).map((row) => (
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
      {rows.length > shown && (
        <p class="table-note">
          <Button small onClick={() => setShown(shown + 4 * step)}>
            Show more
          </Button>{" "}
          <span class="muted">
            {count(shown)} of {count(rows.length)}
          </span>
        </p>
      )}
    </div>
  );
}
