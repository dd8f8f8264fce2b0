/** In charge of what opens over a table's rows: one value, a new row, the changes that are to be written. */
import type { Catalog, CatalogColumn, CatalogTable, CellValue } from "@postern/sdk/protocol";
import { ask } from "../app/api.ts";
import { CellDialog } from "./cell-dialog.tsx";
import { NewRowDialog, ReviewDialog } from "./edit-dialogs.tsx";
import type { Spot } from "./grid.tsx";
import type { RowSource } from "./row-source.ts";
import { linksOfRow, type TableView } from "./table-address.ts";
import type { useRowEdits } from "./use-row-edits.ts";

export interface TableDialogsProps {
  database: string;
  path: string;
  catalog: Catalog;
  table: CatalogTable;
  view: TableView;
  columns: readonly CatalogColumn[];
  source: RowSource;
  edits: ReturnType<typeof useRowEdits>;
  opened: Spot | undefined;
  dialog: "new" | "review" | undefined;
  onClose: () => void;
  onWritten: (rows: number) => void;
}

export function TableDialogs(props: TableDialogsProps) {
  const { database, path, catalog, table, view, columns, source, edits, opened, dialog, onClose, onWritten } =
    props;
  const { staged, setStaged, keyOf } = edits;
  return (
    <>
      {opened && source.rowAt(opened.row) && (
        <CellDialog
          title={columns[opened.column]!.name}
          column={columns[opened.column]!}
          value={edits.valueAt(opened.row, opened.column) ?? null}
          cut={source.isCut(opened.row, opened.column)}
          load={loaderFor(keyOf(opened.row), columns[opened.column]!.name)}
          links={linksOfRow(database, table, catalog.tables, (name) => {
            const at = columns.findIndex((column) => column.name === name);
            return at < 0 ? undefined : source.rowAt(opened.row)?.[at];
          })}
          onClose={onClose}
        />
      )}
      {dialog === "new" && (
        <NewRowDialog
          table={table}
          onClose={onClose}
          onAdd={(values) => {
            setStaged({ ...staged, inserts: [...staged.inserts, values] });
            onClose();
          }}
        />
      )}
      {dialog === "review" && (
        <ReviewDialog
          path={path}
          table={table}
          staged={staged}
          onClose={onClose}
          onWritten={({ rows }) => onWritten(rows)}
        />
      )}
    </>
  );

  function loaderFor(key: Record<string, string> | undefined, column: string) {
    if (!key) return undefined;
    const body = {
      table: { schema: table.schema, name: table.name },
      column,
      key,
      ...(view.as && { as: view.as }),
    };
    return (signal: AbortSignal) => ask<CellValue>(`${path}/rows/cell`, { method: "POST", body, signal });
  }
}
