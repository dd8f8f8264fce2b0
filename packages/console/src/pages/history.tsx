/** In charge of the page of the log of changes: a row's life, a table's changes, who wrote what, and bringing a row back. */
import type {
  Catalog,
  CatalogTable,
  MutationRecord,
  StateHistory,
  TrackedTable,
} from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { plural } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { href, navigate, searchParams, setSearch } from "../app/router.ts";
import { nameOf } from "../data/table-address.ts";
import { MutationList } from "../history/mutation-list.tsx";
import { RestoreRowDialog } from "../history/restore-row-dialog.tsx";
import { RowBlame } from "../history/row-blame.tsx";
import { TrackedTables } from "../history/tracked-tables.tsx";
import { Button, LinkButton } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { Copyable } from "../ui/text.tsx";

export default function HistoryPage() {
  const database = useDatabase();
  const sleeps = database.status === "paused";
  const path = databasePath(database.id);
  const tracked = useResource<TrackedTable[]>(sleeps ? null : `${path}/state/tables`);
  const catalog = useResource<Catalog>(sleeps ? null : `${path}/catalog`);
  const tables = allTables(tracked.state.value.value ?? [], catalog.state.value.value?.tables ?? []);
  const params = searchParams.value;
  const [table, row] = [params.get("table"), params.get("id")];
  return (
    <div class="page">
      <PageHead
        title="History"
        about="Every change that was logged: what a row was, what it became, who wrote it, and what was tried and undone."
        actions={
          table !== null && (
            <LinkButton icon="chevron-left" href={href(`/db/${database.id}/history`)}>
              All tables
            </LinkButton>
          )
        }
      />
      {sleeps ? (
        <Empty icon="moon" title="Its log sleeps with it.">
          <p>Wake the database to look into it.</p>
        </Empty>
      ) : (
        <>
          <Finder key={`${table} ${row}`} tables={tables} table={table} row={row} />
          {table === null ? (
            <Card
              title="Tables"
              about="Of every table what comes through /records is logged; of some, every change."
              flush
            >
              <Shown of={tracked}>
                {() =>
                  tables.length > 0 ? (
                    <TrackedTables tables={tables} />
                  ) : (
                    <Empty icon="history" title="There are no tables yet.">
                      <Copyable text={`postern db migrate ${database.id}`} />
                    </Empty>
                  )
                }
              </Shown>
            </Card>
          ) : (
            <>
              {row !== null && <RowBlame table={table} row={row} />}
              <Changes table={table} row={row} />
            </>
          )}
        </>
      )}
    </div>
  );
}

/** What is changed through /records is logged of every table, of those as well that nobody asked to be logged. */
function allTables(tracked: readonly TrackedTable[], known: readonly CatalogTable[]): TrackedTable[] {
  const names = new Set(tracked.map(({ table }) => table));
  const others = known
    .filter((one) => /^(partitioned )?table$/.test(one.kind) && !names.has(nameOf(one)))
    .map((one) => ({
      table: nameOf(one),
      captures: "records" as const,
      primary_key: one.primary_key,
      masked: [],
    }));
  return [...tracked, ...others].toSorted((a, b) => (a.table < b.table ? -1 : 1));
}

/** Which table, which row, or which request. */
function Finder({
  tables,
  table,
  row,
}: {
  tables: readonly TrackedTable[];
  table: string | null;
  row: string | null;
}) {
  const { id } = useDatabase();
  const [chosen, setChosen] = useState(table ?? "");
  const [key, setKey] = useState(row ?? "");
  const [request, setRequest] = useState("");
  const names = tables.map((one) => one.table);
  const options = chosen === "" || names.includes(chosen) ? names : [chosen, ...names];
  const primary = tables.find((one) => one.table === chosen)?.primary_key ?? [];
  const go = () => {
    if (request.trim() !== "") navigate(`/db/${id}/requests/${encodeURIComponent(request.trim())}`);
    else setSearch({ table: chosen || null, id: (chosen && key.trim()) || null }, { replace: false });
  };
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <SelectField
        label="Table"
        value={chosen}
        options={[["", "Choose a table"], ...options.map((name) => [name, name] as const)]}
        onChange={setChosen}
      />
      <TextField
        label={primary.length > 0 ? `Row (${primary.join(", ")})` : "Row"}
        value={key}
        onInput={setKey}
        placeholder={primary.length > 1 ? `${primary.map((name) => `${name}=…`).join(",")}` : "all of them"}
        autoComplete="off"
        mono
      />
      <TextField
        label="Or a request"
        value={request}
        onInput={setRequest}
        placeholder="its x-request-id"
        autoComplete="off"
        mono
      />
      <Button type="submit" kind="primary" icon="search">
        Look
      </Button>
    </form>
  );
}

const step = 100;

function Changes({ table, row }: { table: string; row: string | null }) {
  const { id } = useDatabase();
  const [limit, setLimit] = useState(step);
  const [restoring, setRestoring] = useState<MutationRecord>();
  const question = new URLSearchParams({ table, limit: String(limit), ...(row !== null && { id: row }) });
  const history = useResource<StateHistory>(`${databasePath(id)}/state/history?${question}`, {
    everyMs: 10_000,
  });
  return (
    <Card title={row === null ? `Changes of ${table}` : "Its life"} about="The newest first." flush>
      <Shown of={history} lines={6}>
        {({ mutations, more }) => (
          <>
            <MutationList
              mutations={mutations.toReversed()}
              actions={(mutation) =>
                mutation.row_id !== null &&
                !mutation.rolled_back && (
                  <Button small kind="quiet" icon="rotate-ccw" onClick={() => setRestoring(mutation)}>
                    As of then
                  </Button>
                )
              }
              empty={
                <Empty icon="history" title="Nothing was logged.">
                  <p>Changes through /records are logged; others only of tables that are tracked:</p>
                  <Copyable text={`postern state track ${table}`} />
                </Empty>
              }
            />
            {more && limit < 1_000 && (
              <p class="table-note">
                <Button small onClick={() => setLimit(Math.min(1_000, limit * 3))}>
                  Older ones
                </Button>{" "}
                <span class="muted">{plural(mutations.length, "change")} shown</span>
              </p>
            )}
          </>
        )}
      </Shown>
      {restoring && (
        <RestoreRowDialog
          of={{ table: restoring.table, id: restoring.row_id!, at: restoring.at }}
          onClose={() => setRestoring(undefined)}
        />
      )}
    </Card>
  );
}
