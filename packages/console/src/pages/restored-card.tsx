/** In charge of databases that were made of another's data of a moment: looked at, they take its place, or go. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { startWork, useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { bytes, moment } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { href, navigate } from "../app/router.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Button, LinkButton } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Notice } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** Of the database that they were made of. Nothing where there are none. */
export function RestoredCard() {
  const source = useDatabase();
  const restored = useResource<DatabaseInfo[]>(`${databasePath(source.id)}/restored`, { everyMs: 30_000 });
  const rows = restored.state.value.value ?? [];
  if (rows.length === 0) return null;
  const columns: readonly Column<DatabaseInfo>[] = [
    {
      name: "Database",
      grow: true,
      render: ({ id, name }) => (
        <a class="table-link" href={href(`/db/${id}/data`)}>
          {name}
        </a>
      ),
    },
    {
      name: "As of",
      render: ({ restored_to: at }) => <span class="nowrap">{at === null ? "–" : moment(at, true)}</span>,
    },
    { name: "State", render: ({ status }) => <StatusBadge status={status} /> },
    { name: "Size", from: "tablet", align: "end", render: (row) => bytes(row.size_bytes) },
    {
      name: "Actions",
      hideName: true,
      align: "end",
      render: (row) => <RestoredActions copy={row} source={source} />,
    },
  ];
  return (
    <Card
      title="Made of a moment"
      about={`Look whether one is right. Then let it take the place of ${source.name}, or drop it.`}
      flush
    >
      <Table label="Databases made of a moment" columns={columns} rows={rows} keyOf={({ id }) => id} />
    </Card>
  );
}

/** On the page of such a database itself. */
export function RestoredNotice() {
  const copy = useDatabase();
  const source = useResource<DatabaseInfo>(
    copy.restored_from === null ? null : databasePath(copy.restored_from),
  ).state.value.value;
  if (!source || copy.restored_to === null) return null;
  return (
    <Notice
      icon="clock"
      action={
        <div class="row-actions">
          <LinkButton small href={href(`/db/${source.id}/backups`)}>
            {source.name}
          </LinkButton>
          <RestoredActions copy={copy} source={source} />
        </div>
      }
    >
      <p>
        <strong>
          This is {source.name} as it was on {moment(copy.restored_to, true)}.
        </strong>{" "}
        If it is right, let it take the place of {source.name}.
      </p>
    </Notice>
  );
}

function RestoredActions({ copy, source }: { copy: DatabaseInfo; source: DatabaseInfo }) {
  const [asking, setAsking] = useState<"promote" | "drop">();
  const here = useDatabase();
  const change = useChange();
  const close = () => {
    change.clear();
    setAsking(undefined);
  };
  const promote = async () => {
    const path = `${databasePath(copy.id)}/promote`;
    if (!(await change.run(() => startWork(`Promote ${copy.name}`, path, { body: { replace: source.id } }))))
      return;
    close();
    navigate(`/db/${source.id}/backups`);
  };
  const drop = async () => {
    const path = `${databasePath(copy.id)}?skip_snapshot=true`;
    if (!(await change.run(() => startWork(`Drop ${copy.name}`, path, { method: "DELETE" })))) return;
    close();
    if (here.id === copy.id) navigate(`/db/${source.id}/backups`);
  };
  if (copy.status !== "ready") return null;
  return (
    <div class="row-actions">
      <Button small icon="rotate-ccw" onClick={() => setAsking("promote")}>
        Promote
      </Button>
      <Button
        small
        kind="quiet"
        icon="trash-2"
        label={`Drop ${copy.name}`}
        onClick={() => setAsking("drop")}
      />
      {asking === "promote" && (
        <ConfirmDialog
          title={`Put ${copy.name} in the place of ${source.name}?`}
          typed={source.name}
          action="Promote it"
          change={change}
          onConfirm={() => void promote()}
          onClose={close}
        >
          <p>
            The name, tokens and URLs of {source.name} lead to this data from then on. What {source.name}{" "}
            holds now is kept beside it, under another name. Sessions of both end.
          </p>
          {copy.restored_to && (
            <Notice tone="warn">
              <p>
                Everything written since <strong>{moment(copy.restored_to, true)}</strong> will not be in it
                any more.
              </p>
            </Notice>
          )}
        </ConfirmDialog>
      )}
      {asking === "drop" && (
        <ConfirmDialog
          title={`Drop ${copy.name}?`}
          typed={copy.name}
          action="Drop it"
          change={change}
          onConfirm={() => void drop()}
          onClose={close}
        >
          <p>
            {source.name} stays as it is, and can be restored to that moment again for as long as its log is
            kept. What was written into {copy.name} is gone.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}
