/**
 * In charge of drawing the grid's rows: a fixed pool of elements, of which each shows another row or column once its own is out of
 * sight. Scrolling reads where it is, once a frame, and writes what came into sight; nothing is asked of the layout.
 */
import { signal } from "@preact/signals";
import type { ColumnPlaces } from "./column-places.ts";
import type { Cell } from "./copy-rows.ts";
import type { GridProps, Spot } from "./grid.tsx";
import { GridCell } from "./grid-cell.ts";

export const rowHeight = 30;
export const headHeight = rowHeight + 4;
export const gutterWidth = 56;
const spareRows = 4;

export interface GridParts {
  frame: HTMLElement;
  /** Where rows are drawn, and the numbers beside them. */
  body: HTMLElement;
  gutter: HTMLElement;
}

export interface GridContent
  extends Pick<GridProps, "columns" | "rowCount" | "rowAt" | "onRange" | "linkOf" | "classOf"> {
  places: ColumnPlaces;
  active: Spot;
  anchor: Spot;
}

interface DrawnRow {
  element: HTMLElement;
  number: HTMLElement;
  cells: GridCell[];
  index: number;
  stamp: number;
  from: number;
  to: number;
}

export class GridPainter {
  /** Of the columns in sight. */
  readonly columnsInSight = signal<readonly [number, number]>([0, -1]);
  #parts: GridParts | undefined;
  #content: GridContent | undefined;
  #rows: DrawnRow[] = [];
  #cellsEach = 0;
  #kept: DrawnRow | undefined;
  #tabStop: GridCell | undefined;
  #stamp = 0;
  #frameAsked = 0;
  #width = 0;
  #height = 0;
  #range = "";

  /** What takes everything back. */
  mount(parts: GridParts): () => void {
    this.#parts = parts;
    const onScroll = () => this.#ask();
    const watcher = new ResizeObserver(() => this.#resize());
    parts.frame.addEventListener("scroll", onScroll, { passive: true });
    watcher.observe(parts.frame);
    this.#resize();
    return () => {
      parts.frame.removeEventListener("scroll", onScroll);
      watcher.disconnect();
      cancelAnimationFrame(this.#frameAsked);
    };
  }

  /** What is shown has changed, or what is selected. */
  update(content: GridContent): void {
    const was = this.#content;
    this.#content = content;
    this.#stamp += 1;
    if (!was || was.places !== content.places) this.#fitPool(true);
    this.#paint();
  }

  scrollTo({ row, column }: Spot): void {
    if (!this.#parts || !this.#content) return;
    const { frame } = this.#parts;
    const { places } = this.#content;
    if (row >= 0) {
      const top = row * rowHeight;
      const lowest = top + headHeight + rowHeight + 12 - this.#height;
      frame.scrollTop = Math.min(top, Math.max(lowest, frame.scrollTop));
    }
    const left = places.start(column);
    const rightmost = left + gutterWidth + places.width(column) + 24 - this.#width;
    frame.scrollLeft = Math.min(left, Math.max(rightmost, frame.scrollLeft));
  }

  #ask(): void {
    if (this.#frameAsked !== 0) return;
    this.#frameAsked = requestAnimationFrame(() => {
      this.#frameAsked = 0;
      this.#paint();
    });
  }

  #resize(): void {
    const { frame } = this.#parts!;
    if (frame.clientWidth === this.#width && frame.clientHeight === this.#height) return;
    this.#width = frame.clientWidth;
    this.#height = frame.clientHeight;
    const hadFocus = this.#parts!.body.contains(document.activeElement);
    this.#fitPool(false);
    if (this.#content) this.#paint();
    if (hadFocus && this.#tabStop) this.#tabStop.element.focus({ preventScroll: true });
  }

  /** As many elements as can be in sight at once: row n is drawn by element n modulo their number, and so is a column. */
  #fitPool(isNew: boolean): void {
    if (!this.#parts || !this.#content) return;
    const rows = Math.ceil(this.#height / rowHeight) + 1 + 2 * spareRows;
    const cells = Math.min(this.#content.places.count, this.#content.places.mostWithin(this.#width) + 2);
    if (!isNew && rows <= this.#rows.length && cells <= this.#cellsEach) return;
    this.#cellsEach = cells;
    this.#rows = Array.from({ length: rows }, () => drawnRow(cells));
    this.#kept = undefined;
    this.#tabStop = undefined;
    this.#parts.body.replaceChildren(...this.#rows.map(({ element }) => element));
    this.#parts.gutter.replaceChildren(...this.#rows.map(({ number }) => number));
  }

  #paint(): void {
    const { frame } = this.#parts!;
    const { rowCount, places, onRange } = this.#content!;
    const [top, left] = [frame.scrollTop, frame.scrollLeft];
    const first = Math.max(0, Math.floor(top / rowHeight) - spareRows);
    const last = Math.min(
      rowCount - 1,
      first + this.#rows.length - 1,
      Math.floor((top + this.#height) / rowHeight) + spareRows,
    );
    const to = Math.min(places.count, Math.max(0, places.at(left) - 1) + this.#cellsEach) - 1;
    const from = Math.max(0, to - this.#cellsEach + 1);
    for (let index = first; index <= last; index += 1) this.#paintRow(index, from, to);
    for (const row of this.#rows) if (row.index >= rowCount) hide(row);
    this.#placeTabStop();
    const known = this.columnsInSight.peek();
    if (from !== known[0] || to !== known[1]) this.columnsInSight.value = [from, to];
    const range = `${first} ${last} ${rowCount}`;
    if (range !== this.#range) onRange?.(first, Math.max(first, last));
    this.#range = range;
  }

  #paintRow(index: number, from: number, to: number): void {
    const row = this.#rows[index % this.#rows.length]!;
    if (row.index === index && row.stamp === this.#stamp && row.from === from && row.to === to) return;
    moveRow(row, index);
    const values = this.#content!.rowAt(index);
    for (let column = from; column <= to; column += 1)
      this.#paintCell(row.cells[column % this.#cellsEach]!, index, column, values);
    row.stamp = this.#stamp;
    row.from = from;
    row.to = to;
  }

  #paintCell(cell: GridCell, row: number, column: number, values: readonly Cell[] | undefined): void {
    if (cell.row === row && cell.column === column && cell.stamp === this.#stamp) return;
    const { columns, places, linkOf, classOf } = this.#content!;
    if (cell.column !== column) cell.place(places.start(column) + gutterWidth, places.width(column));
    cell.moveTo(row, column);
    cell.show(columns[column], {
      value: values?.[column],
      isHere: values !== undefined,
      selected: this.#isSelected(row, column),
      extra: (values && classOf?.(row, column)) ?? "",
      link: values && linkOf?.(row, column),
    });
    cell.stamp = this.#stamp;
  }

  #isSelected(row: number, column: number): boolean {
    const { active, anchor } = this.#content!;
    return (
      row >= Math.min(anchor.row, active.row) &&
      row <= Math.max(anchor.row, active.row) &&
      column >= Math.min(anchor.column, active.column) &&
      column <= Math.max(anchor.column, active.column)
    );
  }

  /** The cell that the keyboard stands on can be reached wherever the grid was scrolled to, and keeps the focus. */
  #placeTabStop(): void {
    const { active, rowCount, places } = this.#content!;
    const isThere = active.row >= 0 && active.row < rowCount && active.column < places.count;
    const before = this.#tabStop;
    const next = isThere ? this.#cellAt(active) : undefined;
    if (this.#kept && next === this.#kept.cells[0]) this.#paintKept(active);
    else if (this.#kept) hide(this.#kept);
    if (before === next) return;
    const hadFocus = before !== undefined && document.activeElement === before.element;
    if (before) before.element.tabIndex = -1;
    if (next) next.element.tabIndex = 0;
    this.#tabStop = next;
    if (hadFocus && next) next.element.focus({ preventScroll: true });
  }

  #cellAt({ row, column }: Spot): GridCell {
    const drawn = this.#rows[row % this.#rows.length];
    const cell = drawn?.cells[column % this.#cellsEach];
    if (drawn?.index === row && cell?.row === row && cell.column === column) return cell;
    if (!this.#kept) {
      this.#kept = drawnRow(1);
      this.#parts!.body.append(this.#kept.element);
    }
    moveRow(this.#kept, row);
    return this.#kept.cells[0]!;
  }

  #paintKept({ row, column }: Spot): void {
    if (!this.#kept) return;
    this.#paintCell(this.#kept.cells[0]!, row, column, this.#content!.rowAt(row));
  }
}

function drawnRow(cells: number): DrawnRow {
  const element = document.createElement("div");
  element.className = "grid-row";
  element.setAttribute("role", "row");
  element.hidden = true;
  const number = document.createElement("span");
  number.className = "grid-number";
  number.hidden = true;
  const all = Array.from({ length: cells }, () => new GridCell());
  element.append(...all.map((cell) => cell.element));
  return { element, number, cells: all, index: -1, stamp: -1, from: -1, to: -1 };
}

function moveRow(row: DrawnRow, index: number): void {
  if (row.index === index) return;
  if (row.index < 0) {
    row.element.hidden = false;
    row.number.hidden = false;
  }
  row.index = index;
  row.element.setAttribute("aria-rowindex", String(index + 2));
  row.element.style.transform = `translateY(${index * rowHeight}px)`;
  row.number.style.transform = row.element.style.transform;
  row.number.textContent = String(index + 1);
}

function hide(row: DrawnRow): void {
  if (row.index < 0) return;
  row.index = -1;
  row.element.hidden = true;
  row.number.hidden = true;
}
