/** In charge of the table of backups, and of what can be done with each. */
import type { BackupInfo, DownloadUrl } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { startWork, useChange } from "../app/change.tsx";
import { bytes, moment } from "../app/format.ts";
import { invalidate } from "../app/resource.ts";
import { Badge, StatusBadge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { Empty, Problem } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable, Time } from "../ui/text.tsx";

export function BackupTable({
  rows,
  onRestore,
}: {
  rows: readonly BackupInfo[];
  onRestore: (backup: BackupInfo) => void;
}) {
  const columns: readonly Column<BackupInfo>[] = [
    {
      name: "Made",
      grow: true,
      render: ({ id, created_at, kind }) => (
        <div class="name-cell">
          <span class="strong nowrap">
            <Time at={created_at} />
          </span>
          <Badge>{kind}</Badge>
          <span class="muted small mono from-tablet">{id}</span>
        </div>
      ),
    },
    { name: "State", render: (row) => <State backup={row} /> },
    {
      name: "Size",
      from: "tablet",
      align: "end",
      render: (row) => <span class="nowrap">{bytes(row.size_bytes)}</span>,
    },
    { name: "Postgres", from: "desktop", render: ({ version }) => version },
    {
      name: "Kept until",
      from: "desktop",
      render: (row) => <Time at={row.expires_at} fallback="for good" />,
    },
    {
      name: "Actions",
      hideName: true,
      align: "end",
      render: (row) => <Actions backup={row} onRestore={onRestore} />,
    },
  ];
  return (
    <Table
      label="Backups"
      columns={columns}
      rows={rows}
      keyOf={({ id }) => id}
      empty={
        <Empty icon="archive" title="There is no backup yet.">
          <p>Make one above, or at the command line:</p>
          <Copyable text="postern db backup create" />
        </Empty>
      }
    />
  );
}

function State({ backup: { status, verification, verified_at, error } }: { backup: BackupInfo }) {
  if (status !== "completed")
    return (
      <span title={error?.message}>
        <StatusBadge status={status} />
      </span>
    );
  if (verification?.status === "verified")
    return (
      <span class="verified" title={`Restored on trial, ${moment(verified_at!)}`}>
        <Icon name="shield-check" /> verified
      </span>
    );
  if (verification?.status === "failed")
    return (
      <span title={verification.error?.message}>
        <Badge tone="bad">trial failed</Badge>
      </span>
    );
  return <span class="muted">complete</span>;
}

function Actions({ backup, onRestore }: { backup: BackupInfo; onRestore: (backup: BackupInfo) => void }) {
  const [deleting, setDeleting] = useState(false);
  const change = useChange();
  if (backup.status !== "completed") return null;
  const download = async () => {
    // A look: it asks for no unlocking. The address carries its own permission, for a few minutes.
    const { url } = await ask<DownloadUrl>(`/backups/${backup.id}/download-url?expires_in=5m`);
    const { pathname, search } = new URL(url);
    const link = document.createElement("a");
    link.href = pathname + search;
    link.download = "";
    link.click();
  };
  const verify = () =>
    change.run(() =>
      startWork(`Try the backup of ${moment(backup.created_at)}`, `/backups/${backup.id}/verify`),
    );
  const remove = async () => {
    const done = await change.run(async () => {
      await ask(`/backups/${backup.id}`, { method: "DELETE" });
      return true;
    });
    if (!done) return;
    setDeleting(false);
    invalidate("/databases");
  };
  return (
    <div class="row-actions">
      <Button small icon="rotate-ccw" onClick={() => onRestore(backup)}>
        Restore
      </Button>
      <Button
        small
        kind="quiet"
        icon="shield-check"
        label="Verify by a trial restore"
        busy={change.busy}
        onClick={() => void verify()}
      />
      <Button small kind="quiet" icon="download" label="Download" onClick={() => void download()} />
      <Button small kind="quiet" icon="trash-2" label="Delete" onClick={() => setDeleting(true)} />
      {deleting && (
        <ConfirmDialog
          title="Delete this backup?"
          action="Delete it"
          change={change}
          onConfirm={() => void remove()}
          onClose={() => setDeleting(false)}
        >
          <p>
            The backup of <strong>{moment(backup.created_at)}</strong> ({bytes(backup.size_bytes)}) will be
            gone for good.
          </p>
        </ConfirmDialog>
      )}
      {!deleting && change.problem && <Problem problem={change.problem} />}
    </div>
  );
}
