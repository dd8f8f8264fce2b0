/** In charge of one table's rows: the bar above the grid, the grid, and what opens over it. */
import type { Catalog, CatalogColumn, CatalogTable, RowPageRequest } from "@postern/sdk/protocol";
import { useComputed } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { requireUnlocked } from "../app/change.tsx";
import { count, plural } from "../app/format.ts";
import { setSearch } from "../app/router.ts";
import { Button } from "../ui/button.tsx";
import { Empty, Notice, Problem } from "../ui/states.tsx";
import { CellEditor } from "./cell-editor.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { Grid, type Spot } from "./grid.tsx";
import { References } from "./reference-card.tsx";
import { mostRowsShown, RowSource } from "./row-source.ts";
import { countStaged, nothingStaged } from "./staged-edits.ts";
import { nameOf, type TableView, writeView } from "./table-address.ts";
import { TableDialogs } from "./table-dialogs.tsx";
import { TableTools } from "./table-tools.tsx";
import { useRowEdits } from "./use-row-edits.ts";
import { useTableGrid } from "./use-table-grid.ts";

export interface TableViewProps {
  database: string;
  path: string;
  catalog: Catalog;
  table: CatalogTable;
  view: TableView;
}

export function TableRows({ database, path, catalog, table, view }: TableViewProps) {
  const [round, setRound] = useState(0);
  const columns = table.columns.filter(({ name }) => !view.hidden.includes(name));
  const request = requestFor(table, columns, view);
  const source = useMemo(
    () => new RowSource(path, request, columns.length > 60 ? 100 : 200),
    [path, JSON.stringify(request), round],
  );
  useEffect(() => () => source.close(), [source]);
  const [opened, setOpened] = useState<Spot>();
  const [selected, setSelected] = useState<[Spot, Spot]>([
    { row: 0, column: 0 },
    { row: 0, column: 0 },
  ]);
  const [told, setTold] = useState("");
  const [dialog, setDialog] = useState<"new" | "review">();
  const size = useComputed(() => source.size).value;
  const change = (next: Partial<TableView>) => setSearch(writeView(next), { replace: false });
  const canEdit = table.primary_key.length > 0 && view.as === undefined && table.kind.includes("table");

  const edits = useRowEdits({ table, columns, source, canEdit, onOpen: setOpened, onTell: setTold });
  const { staged, setStaged, editing } = edits;
  const grid = useTableGrid({ database, table, columns, view, source, onChange: change, onTell: setTold });
  const onSelect = useCallback((from: Spot, to: Spot) => setSelected([from, to]), []);
  const frame = useRef<HTMLElement>(null);
  const isEmpty = source.known.value.isAll && source.known.value.rows === 0;
  return (
    <section ref={frame} class="table-rows" aria-label={`Rows of ${nameOf(table)}`}>
      <TableTools
        path={path}
        table={table}
        view={view}
        source={source}
        request={request}
        staged={staged}
        canEdit={canEdit}
        onChange={change}
        onRefresh={() => setRound(round + 1)}
        onCopy={(format) => void grid.copy(format, selected[0], selected[1])}
        onNew={() => void requireUnlocked().then((yes) => yes && setDialog("new"))}
        onReview={() => setDialog("review")}
        onDiscard={() => setStaged(nothingStaged)}
      />
      <FilterBar table={table} view={view} onChange={change} />
      {source.problem.value && <Problem problem={source.problem.value} onRetry={() => setRound(round + 1)} />}
      {isEmpty && !source.problem.value ? (
        <NoRows view={view} onClear={() => change({ filters: [], where: "" })} />
      ) : (
        <Grid
          label={`Rows of ${nameOf(table)}`}
          columns={grid.gridColumns}
          rowCount={size || (source.loaded.value ? 0 : 12)}
          rowAt={edits.rowAt}
          version={source.version.value + countStaged(staged)}
          onRange={grid.onRange}
          onOpen={setOpened}
          onEdit={(spot) => void edits.edit(spot)}
          onDelete={(rows) => void edits.remove(rows)}
          onSort={grid.sort}
          onCopy={grid.copyTsv}
          onSelect={onSelect}
          linkOf={grid.linkOf}
          classOf={edits.classOf}
          editor={
            editing && {
              spot: editing.spot,
              node: (
                <CellEditor
                  text={editing.text}
                  onKeep={edits.keep}
                  onCancel={() => edits.setEditing(undefined)}
                />
              ),
            }
          }
        />
      )}
      <p class="grid-foot muted small" role="status">
        {told || "Arrows move, Enter opens, F2 edits, Shift selects, Ctrl+C copies."}
      </p>
      {size >= mostRowsShown && (
        <Notice>
          <p>The first {count(mostRowsShown)} rows are shown. Filter to see others, or export them all.</p>
        </Notice>
      )}
      <References frame={frame} find={grid.referenceAt} path={path} catalog={catalog} as={view.as} />
      <TableDialogs
        database={database}
        path={path}
        catalog={catalog}
        table={table}
        view={view}
        columns={columns}
        source={source}
        edits={edits}
        opened={opened}
        dialog={dialog}
        onClose={() => {
          setOpened(undefined);
          setDialog(undefined);
        }}
        onWritten={(rows) => {
          setDialog(undefined);
          setStaged(nothingStaged);
          setTold(`Wrote ${plural(rows, "row")}.`);
          setRound(round + 1);
        }}
      />
    </section>
  );
}

function requestFor(table: CatalogTable, columns: readonly CatalogColumn[], view: TableView): RowPageRequest {
  return {
    table: { schema: table.schema, name: table.name },
    columns: columns.map(({ name }) => name),
    ...(view.filters.length > 0 && { filters: view.filters }),
    ...(view.where !== "" && { where: view.where }),
    ...(view.order.length > 0 && { order: view.order }),
    ...(view.as && { as: view.as }),
  };
}

function NoRows({ view, onClear }: { view: TableView; onClear: () => void }) {
  if (view.filters.length > 0 || view.where !== "")
    return (
      <Empty icon="table-2" title="No rows match.">
        <Button onClick={onClear}>Clear the filters</Button>
      </Empty>
    );
  return (
    <Empty icon="table-2" title="There are no rows.">
      <p>
        {view.as
          ? "At least none that this identity may see."
          : "What your application writes shows up here."}
      </p>
    </Empty>
  );
}
