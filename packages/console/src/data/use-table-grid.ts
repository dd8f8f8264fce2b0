/** In charge of a table's columns as the grid shows them: marks, links, order, and copies of what is selected. */
import type { CatalogColumn, CatalogTable } from "@postern/sdk/protocol";
import { useCallback } from "preact/hooks";
import { count, plural } from "../app/format.ts";
import { type Cell, type CopyFormat, copyRows } from "./copy-rows.ts";
import type { GridColumn, Spot } from "./grid.tsx";
import type { RowSource } from "./row-source.ts";
import { linksOfRow, nameOf, type TableView } from "./table-address.ts";

export interface TableGridOptions {
  database: string;
  table: CatalogTable;
  columns: readonly CatalogColumn[];
  view: TableView;
  source: RowSource;
  onChange: (view: Partial<TableView>) => void;
  onTell: (text: string) => void;
}

export function useTableGrid(options: TableGridOptions) {
  const { database, table, columns, view, source, onChange, onTell } = options;
  const copy = useCallback(
    async (format: CopyFormat, from: Spot, to: Spot) => {
      const rows: Cell[][] = [];
      const left = Math.min(from.column, to.column);
      const right = Math.max(from.column, to.column);
      let missing = 0;
      for (let row = Math.max(0, Math.min(from.row, to.row)); row <= Math.max(from.row, to.row); row++) {
        const values = source.rowAt(row);
        if (values) rows.push(values.slice(left, right + 1) as Cell[]);
        else missing += 1;
      }
      const names = columns.slice(left, right + 1).map(({ name }) => name);
      await navigator.clipboard?.writeText(copyRows(format, { columns: names, rows, table: nameOf(table) }));
      const cells = plural(rows.length * names.length, "value");
      onTell(
        missing > 0
          ? `Copied ${cells}; ${count(missing)} rows are not loaded: export them.`
          : `Copied ${cells}.`,
      );
    },
    [source, columns.length],
  );
  const copyTsv = useCallback((from: Spot, to: Spot) => void copy("tsv", from, to), [copy]);
  const onRange = useCallback((first: number, last: number) => source.need(first, last), [source]);
  const linked = new Map(
    table.foreign_keys
      .filter((key) => key.columns.length === 1)
      .map((key) => [key.columns[0]!, key] as const),
  );
  const linkOf = (row: number, column: number): string | undefined => {
    const name = columns[column]?.name;
    if (name === undefined || !linked.has(name)) return undefined;
    const only = { ...table, foreign_keys: [linked.get(name)!] };
    return linksOfRow(database, only, [], () => source.rowAt(row)?.[column])[0]?.href;
  };
  const referenceAt = (row: number, column: number) => {
    const key = linked.get(columns[column]?.name ?? "");
    const value = source.rowAt(row)?.[column];
    if (!key || value === null || value === undefined) return undefined;
    return { target: key.target, column: key.target_columns[0]!, value };
  };
  const gridColumns: GridColumn[] = columns.map((column) => ({
    name: column.name,
    type: column.type,
    kind: column.kind,
    width: widthOf(column.name, column.kind, columns.length),
    end: column.kind === "number",
    ...(table.primary_key.includes(column.name)
      ? { mark: "key" as const }
      : linked.has(column.name) && { mark: "link" as const }),
    sort: view.order.some((order) => order.column === column.name)
      ? (view.order.find((order) => order.column === column.name)?.direction ?? "asc")
      : undefined,
  }));
  const sort = (column: number, further: boolean) => {
    const { name, ordered } = columns[column]!;
    if (!ordered) return onTell(`Postgres cannot sort by ${name}.`);
    const now = view.order.find((order) => order.column === name);
    const others = further ? view.order.filter((order) => order.column !== name) : [];
    if (!now) onChange({ order: [...others, { column: name }] });
    else if (now.direction !== "desc") onChange({ order: [...others, { column: name, direction: "desc" }] });
    else onChange({ order: others });
  };
  return { gridColumns, linkOf, referenceAt, sort, copy, copyTsv, onRange };
}

function widthOf(name: string, kind: string, count: number): number {
  const byKind: Record<string, number> = {
    number: 110,
    boolean: 80,
    uuid: 270,
    time: 210,
    json: 260,
    text: 200,
  };
  const least = 50 + name.length * 8;
  return Math.max(Math.min(least, 260), count > 60 ? 130 : (byKind[kind] ?? 160));
}
