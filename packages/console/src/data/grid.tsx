/**
 * In charge of the grid: any number of rows and columns, of which only those in sight are drawn. The keyboard reaches every cell;
 * one cell has the focus, and it stays drawn when it is scrolled out of sight.
 */
// biome-ignore-all lint/a11y/useSemanticElements: the elements of tables cannot be drawn in parts
// biome-ignore-all lint/a11y/useFocusableInteractive: in a grid its cells have the focus, not its rows
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid listens to keys for all of its cells
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Cell } from "./copy-rows.ts";
import { HeadCell, Row } from "./grid-row.tsx";
import { rowHeight, useGridKeys, useGridSpots } from "./use-grid-focus.ts";
import { useVirtual } from "./use-virtual.ts";

export interface GridColumn {
  name: string;
  type: string;
  kind?: string;
  width: number;
  /** Numbers stand to the right. */
  end?: boolean;
  /** Part of the primary key, or leads to another table. */
  mark?: "key" | "link";
  sort?: "asc" | "desc" | undefined;
}

export interface Spot {
  /** -1: the heads. */
  row: number;
  column: number;
}

export interface GridProps {
  label: string;
  columns: readonly GridColumn[];
  rowCount: number;
  /** Undefined: not here yet. */
  rowAt: (index: number) => readonly Cell[] | undefined;
  /** Changes when what `rowAt` answers has. */
  version: number;
  onRange?: (first: number, last: number) => void;
  onOpen?: (spot: Spot) => void;
  onEdit?: (spot: Spot, typed?: string) => void;
  onDelete?: (rows: readonly number[]) => void;
  onSort?: (column: number, further: boolean) => void;
  onCopy?: (from: Spot, to: Spot) => void;
  onSelect?: (from: Spot, to: Spot) => void;
  linkOf?: (row: number, column: number) => string | undefined;
  /** Looks of a row or cell: changed, deleted, new, cut. */
  classOf?: (row: number, column: number) => string;
  /** Instead of a cell's text: the field that edits it. */
  editor?: { spot: Spot; node: ComponentChildren } | undefined;
}

const gutter = 56;

export function Grid(props: GridProps) {
  const { columns, rowCount, label } = props;
  const frame = useRef<HTMLDivElement>(null);
  const focus = useGridSpots();
  const { active, anchor } = focus;
  const rows = useVirtual(frame, rowCount, () => rowHeight, "y", active.row, rowHeight + 4);
  const wide = useVirtual(
    frame,
    columns.length,
    (at) => columns[at]!.width,
    "x",
    active.column,
    gutter,
    columns.map(({ width }) => width).join(),
  );
  const first = rows.items[0]?.index ?? 0;
  const last = rows.items.at(-1)?.index ?? 0;
  useEffect(() => props.onRange?.(first, last), [first, last, rowCount, props.onRange]);
  const { onKeyDown, point } = useGridKeys(props, focus, {
    frame,
    toRow: rows.scrollTo,
    toColumn: wide.scrollTo,
  });
  const box = {
    top: Math.min(anchor.row, active.row),
    bottom: Math.max(anchor.row, active.row),
    left: Math.min(anchor.column, active.column),
    right: Math.max(anchor.column, active.column),
  };
  const shown = wide.items.map(({ index, start, size }) => ({ index, left: start, width: size }));
  const shownKey = `${shown[0]?.index}-${shown.at(-1)?.index}-${shown.length}-${wide.total}`;
  const places = useMemo(() => shown, [shownKey, columns]);
  return (
    <div
      ref={frame}
      class="grid"
      role="grid"
      aria-label={label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length}
      aria-multiselectable="true"
      onKeyDown={onKeyDown}
      onMouseDown={(event) => {
        if (event.button === 0) point(event, event.shiftKey);
      }}
      onMouseMove={(event) => {
        if (event.buttons === 1 && active.row >= 0 && !props.editor) point(event, true);
      }}
      onDblClick={(event) => {
        const spot = point(event, false);
        if (spot && spot.row >= 0) (props.onEdit ?? props.onOpen)?.(spot);
      }}
    >
      <div class="grid-inner" style={{ width: `${wide.total}px`, height: `${rows.total}px` }}>
        <div class="grid-head" role="row" aria-rowindex={1}>
          <span class="grid-corner" aria-hidden="true" />
          {places.map(({ index, left, width }) => (
            <HeadCell
              key={index}
              column={columns[index]!}
              index={index}
              left={left}
              width={width}
              isActive={active.row === -1 && active.column === index}
              {...(props.onSort && { onSort: props.onSort })}
            />
          ))}
        </div>
        {rows.items.map(({ index, start }) => {
          const inBox = index >= box.top && index <= box.bottom;
          return (
            <Row
              key={index}
              index={index}
              top={start}
              values={props.rowAt(index)}
              version={props.version}
              columns={columns}
              places={places}
              activeColumn={active.row === index ? active.column : -1}
              from={inBox ? box.left : -1}
              to={inBox ? box.right : -1}
              linkOf={props.linkOf}
              classOf={props.classOf}
              editor={props.editor?.spot.row === index ? props.editor : undefined}
            />
          );
        })}
      </div>
    </div>
  );
}
