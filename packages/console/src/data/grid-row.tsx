/** In charge of one row of the grid, and of the heads of its columns. */
// biome-ignore-all lint/a11y/useSemanticElements: the elements of tables cannot be drawn in parts
// biome-ignore-all lint/a11y/useFocusableInteractive: in a grid its cells have the focus, not its rows
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid listens to keys for all of its cells
import { memo } from "preact/compat";
import { Icon } from "../ui/icon.tsx";
import type { Cell } from "./copy-rows.ts";
import type { GridColumn, GridProps } from "./grid.tsx";
import { cellText } from "./visible-text.ts";

export interface Place {
  index: number;
  left: number;
  width: number;
}

interface HeadProps {
  column: GridColumn;
  index: number;
  left: number;
  width: number;
  isActive: boolean;
  onSort?: (column: number, further: boolean) => void;
}

export function HeadCell({ column, index, left, width, isActive, onSort }: HeadProps) {
  const sorts = { asc: "ascending", desc: "descending" } as const;
  return (
    <span
      class={`grid-cell grid-head-cell ${onSort ? "grid-sortable" : ""}`}
      role="columnheader"
      aria-colindex={index + 1}
      aria-sort={column.sort ? sorts[column.sort] : "none"}
      tabIndex={isActive ? 0 : -1}
      data-spot={`-1,${index}`}
      style={{ left: `${left}px`, width: `${width}px` }}
      title={`${cellText(column.name)} · ${column.type}`}
      onClick={(event) => onSort?.(index, event.shiftKey)}
    >
      {column.mark && <Icon name={column.mark === "key" ? "key-round" : "arrow-right"} size={12} />}
      <span class="grid-head-name">{cellText(column.name)}</span>
      <span class="grid-head-type">{column.type}</span>
      {column.sort && <span class="grid-sort">{column.sort === "asc" ? "↑" : "↓"}</span>}
    </span>
  );
}

interface RowProps {
  index: number;
  top: number;
  values: readonly Cell[] | undefined;
  version: number;
  columns: readonly GridColumn[];
  places: readonly Place[];
  activeColumn: number;
  from: number;
  to: number;
  linkOf: GridProps["linkOf"];
  classOf: GridProps["classOf"];
  editor: GridProps["editor"];
}

export const Row = memo(function Row(props: RowProps) {
  const { index, top, values, places, columns, activeColumn, from, to, linkOf, classOf, editor } = props;
  return (
    <div
      class={`grid-row ${index % 2 ? "grid-row-odd" : ""}`}
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span class="grid-number" aria-hidden="true">
        {index + 1}
      </span>
      {places.map(({ index: column, left, width }) => {
        const value = values?.[column];
        const selected = column >= from && column <= to;
        const link = values && linkOf?.(index, column);
        const edits = editor?.spot.column === column;
        const looks = [
          "grid-cell",
          columns[column]?.end && "grid-end",
          link && "grid-linked",
          selected && "grid-selected",
          values && classOf?.(index, column),
        ];
        return (
          <span
            key={column}
            class={looks.filter(Boolean).join(" ")}
            role="gridcell"
            aria-colindex={column + 1}
            aria-selected={selected}
            tabIndex={activeColumn === column ? 0 : -1}
            data-spot={`${index},${column}`}
            style={{ left: `${left}px`, width: `${width}px` }}
          >
            {edits ? editor.node : <Value value={value} isHere={values !== undefined} />}
            {link && !edits && (
              <a class="grid-link" href={link} tabIndex={-1} aria-label="Go to the row it names">
                <Icon name="arrow-right" size={12} />
              </a>
            )}
          </span>
        );
      })}
    </div>
  );
});

function Value({ value, isHere }: { value: Cell | undefined; isHere: boolean }) {
  if (!isHere) return <span class="grid-coming" />;
  if (value === null || value === undefined) return <span class="grid-null">NULL</span>;
  if (value === "") return <span class="grid-null grid-empty">empty</span>;
  return <span class="grid-text">{cellText(value)}</span>;
}
