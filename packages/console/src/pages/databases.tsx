/** In charge of the page of all databases: searched and paged by the server, so that thousands are as quick as three. */
import type { DatabaseInfo, OperationInfo } from "@postern/sdk/protocol";
import { useEffect, useState } from "preact/hooks";
import { startWork, useChange } from "../app/change.tsx";
import { bytes, plural } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { href, searchParams, setSearch } from "../app/router.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { TextField } from "../ui/field.tsx";
import { Pager } from "../ui/pager.tsx";
import { Empty, Problem, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable, Time } from "../ui/text.tsx";
import { CreateDatabaseDialog } from "./create-database-dialog.tsx";

const perPage = 50;

const columns: readonly Column<DatabaseInfo>[] = [
  {
    name: "Name",
    grow: true,
    render: ({ id, name, environment }) => (
      <div class="name-cell">
        <a class="table-link" href={href(`/db/${id}`)}>
          {name}
        </a>
        <span class="muted small mono">{id}</span>
        {environment && (
          <span class="muted small">
            {environment.project} · {environment.name}
          </span>
        )}
      </div>
    ),
  },
  { name: "State", render: ({ status }) => <StatusBadge status={status} /> },
  { name: "Class", from: "tablet", render: (row) => <span class="mono small">{row.class}</span> },
  { name: "Postgres", from: "desktop", render: ({ version }) => version },
  {
    name: "Size",
    from: "tablet",
    align: "end",
    render: (row) => <span class="nowrap">{bytes(row.size_bytes)}</span>,
  },
  {
    name: "Last backup",
    from: "desktop",
    render: (row) => <Time at={row.last_backup_at} fallback="none yet" />,
  },
  { name: "Owner", from: "desktop", render: ({ owner }) => owner },
];

export default function DatabasesPage() {
  const search = searchParams.value.get("q") ?? "";
  const destroyed = searchParams.value.get("destroyed") === "yes";
  const page = Math.max(1, Number(searchParams.value.get("page")) || 1);
  const [creating, setCreating] = useState(false);
  const query = new URLSearchParams({
    limit: String(perPage),
    offset: String((page - 1) * perPage),
    search,
    ...(destroyed && { destroyed: "true" }),
  });
  const databases = useResource<DatabaseInfo[]>(`/databases?${query}`, { everyMs: 10_000 });
  const total = databases.state.value.total;
  return (
    <div class="page">
      <PageHead
        title={destroyed ? "Destroyed databases" : "Databases"}
        about={total === undefined ? " " : describeTotal(total, search, destroyed)}
        actions={
          <>
            <Button onClick={() => setSearch({ destroyed: destroyed ? null : "yes", page: null, q: null })}>
              {destroyed ? "The living" : "Destroyed"}
            </Button>
            <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
              New database
            </Button>
          </>
        }
      />
      <SearchBox value={search} />
      <Card flush>
        <Shown of={databases} lines={8}>
          {(rows) => (
            <Table
              label="Databases"
              columns={destroyed ? [...columns.slice(0, 1), ...destroyedColumns] : columns}
              rows={rows}
              keyOf={(row) => row.id}
              empty={<NoDatabases search={search} destroyed={destroyed} />}
            />
          )}
        </Shown>
      </Card>
      {total !== undefined && <Pager page={page} perPage={perPage} total={total} />}
      {creating && <CreateDatabaseDialog onClose={() => setCreating(false)} />}
    </div>
  );
}

function describeTotal(total: number, search: string, destroyed: boolean): string {
  if (search !== "") return `${plural(total, "match", "matches")} for “${search}”.`;
  return destroyed
    ? "They can be brought back for a while."
    : `${plural(total, "database")} on this machine.`;
}

/** Types ahead of the server: what counts is what was typed last. */
function SearchBox({ value }: { value: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = window.setTimeout(() => setSearch({ q: text, page: null }), 150);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <TextField
      label="Search by name, id or owner"
      hideLabel
      type="search"
      value={text}
      onInput={setText}
      placeholder="Search by name, id or owner   /"
    />
  );
}

function NoDatabases({ search, destroyed }: { search: string; destroyed: boolean }) {
  if (search !== "")
    return (
      <Empty icon="search" title="No database is called that.">
        <Button onClick={() => setSearch({ q: null, page: null })}>Clear the search</Button>
      </Empty>
    );
  if (destroyed) return <Empty icon="trash-2" title="Nothing was destroyed lately." />;
  return (
    <Empty icon="database" title="There is no database yet.">
      <p>Make one here, or at the command line:</p>
      <Copyable text="postern db create --name my-app" />
    </Empty>
  );
}

const destroyedColumns: readonly Column<DatabaseInfo>[] = [
  { name: "Destroyed", from: "tablet", render: (row) => <Time at={row.destroyed_at} /> },
  { name: "Kept until", render: (row) => <Time at={row.recoverable_until} /> },
  { name: "Actions", hideName: true, align: "end", render: (row) => <Undelete row={row} /> },
];

function Undelete({ row }: { row: DatabaseInfo }) {
  const change = useChange();
  const bringBack = () =>
    change.run<OperationInfo>(() => startWork(`Bring ${row.name} back`, `/databases/${row.id}/undelete`));
  return (
    <>
      <Button small icon="rotate-ccw" busy={change.busy} onClick={() => void bringBack()}>
        Bring back
      </Button>
      {change.problem && <Problem problem={change.problem} />}
    </>
  );
}
