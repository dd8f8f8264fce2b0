/** In charge of the cell that has the focus, of what is selected from it on, and of the keys that move both. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { GridProps, Spot } from "./grid.tsx";
import { rowHeight } from "./paint-grid.ts";

export interface GridFocus {
  active: Spot;
  anchor: Spot;
  setActive: (spot: Spot) => void;
  setAnchor: (spot: Spot) => void;
  wantsFocus: { current: boolean };
}

export function useGridSpots(): GridFocus {
  const [active, setActive] = useState<Spot>({ row: 0, column: 0 });
  const [anchor, setAnchor] = useState<Spot>({ row: 0, column: 0 });
  const wantsFocus = useRef(false);
  return { active, anchor, setActive, setAnchor, wantsFocus };
}

export interface GridScroll {
  frame: { current: HTMLDivElement | null };
  scrollTo: (spot: Spot) => void;
}

export function useGridKeys(props: GridProps, focus: GridFocus, { frame, scrollTo }: GridScroll) {
  const { columns, rowCount } = props;
  const { active, anchor, setActive, setAnchor, wantsFocus } = focus;
  useEffect(() => {
    if (active.column >= columns.length || active.row >= rowCount) {
      const kept = {
        row: Math.max(-1, Math.min(active.row, rowCount - 1)),
        column: Math.max(0, Math.min(active.column, columns.length - 1)),
      };
      setActive(kept);
      setAnchor(kept);
    }
  }, [columns.length, rowCount]);
  useLayoutEffect(() => {
    if (!wantsFocus.current || props.editor) return;
    wantsFocus.current = false;
    frame.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  });

  const go = useCallback(
    (to: Spot, extend: boolean) => {
      const spot = {
        row: Math.max(-1, Math.min(rowCount - 1, to.row)),
        column: Math.max(0, Math.min(columns.length - 1, to.column)),
      };
      wantsFocus.current = true;
      setActive(spot);
      const from = extend && anchor.row >= 0 ? anchor : spot;
      setAnchor(from);
      props.onSelect?.(from, spot);
      scrollTo(spot);
    },
    [rowCount, columns.length, anchor, props.onSelect],
  );

  function onKeyDown(event: KeyboardEvent) {
    if (props.editor || (event.target as HTMLElement).closest("input, textarea, select")) return;
    const { row, column } = active;
    const jump = event.ctrlKey || event.metaKey;
    const page = Math.max(1, Math.floor(((frame.current?.clientHeight ?? 300) - rowHeight) / rowHeight) - 1);
    const moves: Record<string, Spot> = {
      ArrowUp: { row: jump ? 0 : row - 1, column },
      ArrowDown: { row: jump ? rowCount - 1 : row + 1, column },
      ArrowLeft: { row, column: jump ? 0 : column - 1 },
      ArrowRight: { row, column: jump ? columns.length - 1 : column + 1 },
      PageUp: { row: Math.max(0, row - page), column },
      PageDown: { row: row + page, column },
      Home: { row: jump ? 0 : row, column: 0 },
      End: { row: jump ? rowCount - 1 : row, column: columns.length - 1 },
    };
    const to = moves[event.key];
    if (to) {
      event.preventDefault();
      go(to, event.shiftKey);
      return;
    }
    if (jump && event.key.toLowerCase() === "c") {
      if (window.getSelection()?.toString()) return;
      event.preventDefault();
      props.onCopy?.(anchor, active);
    } else if (jump && event.key.toLowerCase() === "a") {
      event.preventDefault();
      setAnchor({ row: 0, column: 0 });
      const end = { row: rowCount - 1, column: columns.length - 1 };
      props.onSelect?.({ row: 0, column: 0 }, end);
      setActive(end);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (row < 0) props.onSort?.(column, event.shiftKey);
      else props.onOpen?.(active);
    } else if (event.key === "F2" && row >= 0) {
      event.preventDefault();
      props.onEdit?.(active);
    } else if ((event.key === "Delete" || event.key === "Backspace") && row >= 0 && props.onDelete) {
      event.preventDefault();
      const [from, until] = [Math.min(anchor.row, row), Math.max(anchor.row, row)];
      props.onDelete(Array.from({ length: until - from + 1 }, (_, at) => from + at));
    } else if (event.key === "Escape") setAnchor(active);
  }

  const point = useCallback(
    (event: MouseEvent, extend: boolean) => {
      const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-spot]");
      if (!cell || (event.target as HTMLElement).closest("a, input")) return undefined;
      const [row, column] = cell.dataset.spot!.split(",").map(Number) as [number, number];
      const spot = { row, column };
      wantsFocus.current = true;
      setActive(spot);
      const from = extend ? anchor : spot;
      setAnchor(from);
      props.onSelect?.(from, spot);
      return spot;
    },
    [anchor, props.onSelect],
  );

  return { onKeyDown, point };
}
