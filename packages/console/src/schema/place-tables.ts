/** In charge of where each table stands in the drawing: those that are named to the left of those that name them. Pure. */
import type { CatalogTable } from "@postern/sdk/protocol";
import { nameOf } from "../data/table-address.ts";

export interface TableBox {
  table: CatalogTable;
  x: number;
  y: number;
  height: number;
  columns: { name: string; type: string; isKey: boolean }[];
  more: number;
}

export interface Drawing {
  boxes: TableBox[];
  lines: { path: string; key: string }[];
  width: number;
  height: number;
}

const boxWidth = 208;
const gapX = 88;
const gapY = 24;
const head = 36;
const line = 22;
const mostColumns = 8;

export function placeTables(tables: readonly CatalogTable[]): Drawing {
  const depths = depthsOf(tables);
  const boxes: TableBox[] = [];
  const bottoms: number[] = [];
  for (const table of tables) {
    const depth = depths.get(nameOf(table)) ?? 0;
    const keys = new Set([...table.primary_key, ...table.foreign_keys.flatMap(({ columns }) => columns)]);
    const sorted = table.columns.toSorted((a, b) => Number(keys.has(b.name)) - Number(keys.has(a.name)));
    const columns = sorted
      .slice(0, mostColumns)
      .map(({ name, type }) => ({ name, type, isKey: keys.has(name) }));
    const more = table.columns.length - columns.length;
    const height = head + line * (columns.length + (more > 0 ? 1 : 0)) + 10;
    const y = bottoms[depth] ?? 0;
    bottoms[depth] = y + height + gapY;
    boxes.push({ table, x: depth * (boxWidth + gapX), y, height, columns, more });
  }
  return {
    boxes,
    lines: linesOf(boxes),
    width: Math.max(...boxes.map(({ x }) => x)) + boxWidth + 2,
    height: Math.max(...boxes.map(({ y, height }) => y + height)) + 2,
  };
}

/** Steps from a table that names no other; circles end where they began. */
function depthsOf(tables: readonly CatalogTable[]): Map<string, number> {
  const byName = new Map(tables.map((table) => [nameOf(table), table]));
  const depths = new Map<string, number>();
  const visit = (name: string, above: ReadonlySet<string>): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const table = byName.get(name);
    if (!table || above.has(name)) return -1;
    const inside = new Set([...above, name]);
    const depth = Math.max(-1, ...table.foreign_keys.map(({ target }) => visit(nameOf(target), inside))) + 1;
    depths.set(name, depth);
    return depth;
  };
  for (const table of tables) visit(nameOf(table), new Set());
  return depths;
}

function linesOf(boxes: readonly TableBox[]): Drawing["lines"] {
  const byName = new Map(boxes.map((box) => [nameOf(box.table), box]));
  return boxes.flatMap((from) =>
    from.table.foreign_keys.flatMap((key) => {
      const to = byName.get(nameOf(key.target));
      if (!to) return [];
      const [startY, endY] = [heightOf(from, key.columns[0]!), heightOf(to, key.target_columns[0]!)];
      const isLeft = to.x < from.x;
      const startX = isLeft ? from.x : from.x + boxWidth;
      const endX = to.x + boxWidth;
      const bend = isLeft ? -gapX / 2 : gapX / 2;
      const path = `M${startX} ${startY}C${startX + bend} ${startY} ${endX + gapX / 2} ${endY} ${endX} ${endY}`;
      return [{ path, key: `${nameOf(from.table)}.${key.name}` }];
    }),
  );
}

function heightOf({ y, columns }: TableBox, column: string): number {
  const at = columns.findIndex(({ name }) => name === column);
  return y + (at < 0 ? head / 2 : head + line * at + line / 2);
}
