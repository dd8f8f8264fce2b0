/**
 * In charge of the grid: any number of rows and columns, of which only those in sight are drawn (paint-grid.ts). The keyboard reaches
 * every cell; one cell has the focus, and it stays drawn when it is scrolled out of sight.
 */
// biome-ignore-all lint/a11y/useSemanticElements: the elements of tables cannot be drawn in parts
// biome-ignore-all lint/a11y/useFocusableInteractive: in a grid its cells have the focus, not its rows
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid listens to keys for all of its cells
import type { ComponentChildren } from "preact";
import { useCallback, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { ColumnPlaces } from "./column-places.ts";
import type { Cell } from "./copy-rows.ts";
import { Heads } from "./grid-heads.tsx";
import { GridPainter, gutterWidth, headHeight, rowHeight } from "./paint-grid.ts";
import { useGridKeys, useGridSpots } from "./use-grid-focus.ts";

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
  /** Goes up when what `rowAt` answers has changed, so that it is drawn again. */
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

export function Grid(props: GridProps) {
  const { columns, rowCount, label } = props;
  const [frame, body, gutter] = [
    useRef<HTMLDivElement>(null),
    useRef<HTMLDivElement>(null),
    useRef<HTMLDivElement>(null),
  ];
  const focus = useGridSpots();
  const { active, anchor } = focus;
  const painter = useMemo(() => new GridPainter(), []);
  const places = useMemo(
    () => new ColumnPlaces(columns.map(({ width }) => width)),
    [columns.map(({ width }) => width).join()],
  );
  useLayoutEffect(
    () => painter.mount({ frame: frame.current!, body: body.current!, gutter: gutter.current! }),
    [],
  );
  useLayoutEffect(() => painter.update({ ...props, places, active, anchor }));
  const scrollTo = useCallback((spot: Spot) => painter.scrollTo(spot), []);
  const { onKeyDown, point } = useGridKeys(props, focus, { frame, scrollTo });
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
      <div
        class="grid-inner"
        style={{
          width: `${places.total + gutterWidth}px`,
          height: `${rowCount * rowHeight + headHeight}px`,
        }}
      >
        <Heads
          columns={columns}
          places={places}
          inSight={painter.columnsInSight}
          activeColumn={active.row === -1 ? active.column : -1}
          onSort={props.onSort}
        />
        <div ref={gutter} class="grid-gutter" aria-hidden="true" />
        <div ref={body} class="grid-body" role="rowgroup" />
        {props.editor && <Editor editor={props.editor} places={places} />}
      </div>
    </div>
  );
}

/** Over the cell, whose element may show another at any time. */
function Editor({ editor, places }: { editor: NonNullable<GridProps["editor"]>; places: ColumnPlaces }) {
  const { row, column } = editor.spot;
  return (
    <div
      class="grid-row grid-editing"
      role="row"
      aria-rowindex={row + 2}
      style={{
        top: `${headHeight + row * rowHeight}px`,
        left: `${places.start(column) + gutterWidth}px`,
        width: `${places.width(column)}px`,
      }}
    >
      <span role="gridcell" aria-colindex={column + 1}>
        {editor.node}
      </span>
    </div>
  );
}
