/** In charge of changing rows in the grid: what is being edited, what is staged, and how both look. */
import type { CatalogColumn, CatalogTable } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { requireUnlocked } from "../app/change.tsx";
import type { Cell } from "./copy-rows.ts";
import type { Spot } from "./grid.tsx";
import type { RowSource } from "./row-source.ts";
import { nothingStaged, type Staged, stageDelete, stageValue } from "./staged-edits.ts";

export interface RowEditsOptions {
  table: CatalogTable;
  columns: readonly CatalogColumn[];
  source: RowSource;
  canEdit: boolean;
  /** Instead, where nothing can be edited. */
  onOpen: (spot: Spot) => void;
  onTell: (text: string) => void;
}

/** The dialog that asked has given the focus back by then. */
const settled = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

export function useRowEdits({ table, columns, source, canEdit, onOpen, onTell }: RowEditsOptions) {
  const [staged, setStaged] = useState<Staged>(nothingStaged);
  const [editing, setEditing] = useState<{ spot: Spot; text: string }>();
  const keyOf = (row: number): Record<string, string> | undefined => {
    const values = source.rowAt(row);
    if (!values) return undefined;
    const key: Record<string, string> = {};
    for (const name of table.primary_key) {
      const value = values[columns.findIndex((column) => column.name === name)];
      if (value === undefined || value === null) return undefined;
      key[name] = value;
    }
    return table.primary_key.length > 0 ? key : undefined;
  };
  const stagedOf = (row: number) => {
    if (staged.rows.size === 0) return undefined;
    const key = keyOf(row);
    return key && staged.rows.get(JSON.stringify(key));
  };
  const valueAt = (row: number, column: number): Cell | undefined => {
    const name = columns[column]?.name;
    const changed = name === undefined ? undefined : stagedOf(row)?.values[name];
    return changed === undefined ? source.rowAt(row)?.[column] : changed;
  };

  const edit = async (spot: Spot) => {
    const column = columns[spot.column]!;
    if (!canEdit || !keyOf(spot.row)) return onOpen(spot);
    if (column.generated) return onTell(`${column.name} is computed by Postgres.`);
    if (source.isCut(spot.row, spot.column)) return onTell("Long values are changed in the SQL editor.");
    if (!(await requireUnlocked())) return;
    await settled();
    setEditing({ spot, text: valueAt(spot.row, spot.column) ?? "" });
  };
  const keep = (value: Cell) => {
    if (!editing) return;
    const { row, column } = editing.spot;
    const { name } = columns[column]!;
    const was = source.rowAt(row)?.[column] ?? null;
    setEditing(undefined);
    setStaged(stageValue(staged, keyOf(row)!, name, was, value, source.isCut(row, column)));
  };
  const remove = async (rows: readonly number[]) => {
    if (!canEdit || !(await requireUnlocked())) return;
    setStaged(rows.reduce((all, row) => (keyOf(row) ? stageDelete(all, keyOf(row)!) : all), staged));
  };
  const classOf = (row: number, column: number): string => {
    const changed = stagedOf(row);
    if (!changed) return source.isCut(row, column) ? "grid-cut" : "";
    if (changed.deleted) return "grid-deleted";
    return columns[column]!.name in changed.values ? "grid-changed" : "";
  };
  const rowAt = (index: number): readonly Cell[] | undefined => {
    const values = source.rowAt(index);
    const changed = values && stagedOf(index);
    if (!changed) return values;
    return values.map((value, at) => {
      const next = changed.values[columns[at]!.name];
      return next === undefined ? value : next;
    });
  };
  return { staged, setStaged, editing, setEditing, keyOf, valueAt, edit, keep, remove, classOf, rowAt };
}
