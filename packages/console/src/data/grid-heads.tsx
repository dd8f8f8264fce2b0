/** In charge of the heads of the grid's columns: those in sight, and always the one that has the focus. */
// biome-ignore-all lint/a11y/useSemanticElements: the elements of tables cannot be drawn in parts
// biome-ignore-all lint/a11y/useFocusableInteractive: in a grid its cells have the focus, not its rows
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid listens to keys for all of its cells
import type { ReadonlySignal } from "@preact/signals";
import { Icon } from "../ui/icon.tsx";
import type { ColumnPlaces } from "./column-places.ts";
import type { GridColumn, GridProps } from "./grid.tsx";
import { gutterWidth } from "./paint-grid.ts";
import { cellText } from "./visible-text.ts";

interface HeadsProps {
  columns: readonly GridColumn[];
  places: ColumnPlaces;
  inSight: ReadonlySignal<readonly [number, number]>;
  /** -1: none of the heads has the focus. */
  activeColumn: number;
  onSort: GridProps["onSort"];
}

export function Heads({ columns, places, inSight, activeColumn, onSort }: HeadsProps) {
  const [from, to] = inSight.value;
  const until = Math.min(to, columns.length - 1);
  const shown = Array.from({ length: Math.max(0, until - from + 1) }, (_, at) => from + at);
  if (activeColumn >= 0 && activeColumn < columns.length && !shown.includes(activeColumn))
    shown[activeColumn < from ? "unshift" : "push"](activeColumn);
  return (
    <div class="grid-head" role="row" aria-rowindex={1}>
      <span class="grid-corner" aria-hidden="true" />
      {shown.map((index) => (
        <HeadCell
          key={index}
          column={columns[index]!}
          index={index}
          left={places.start(index) + gutterWidth}
          width={places.width(index)}
          isActive={activeColumn === index}
          {...(onSort && { onSort })}
        />
      ))}
    </div>
  );
}

interface HeadProps {
  column: GridColumn;
  index: number;
  left: number;
  width: number;
  isActive: boolean;
  onSort?: (column: number, further: boolean) => void;
}

function HeadCell({ column, index, left, width, isActive, onSort }: HeadProps) {
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
