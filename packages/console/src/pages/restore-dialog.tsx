/** In charge of restoring a backup: what will be lost and what stays, before the name is typed. */
import type { BackupInfo, DatabaseActivity } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { startWork, useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { bytes, count, moment, plural } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { CheckField } from "../ui/field.tsx";
import { Notice } from "../ui/states.tsx";
import { Time } from "../ui/text.tsx";

export function RestoreDialog({ backup, onClose }: { backup: BackupInfo; onClose: () => void }) {
  const database = useDatabase();
  const path = databasePath(database.id);
  const activity = useResource<DatabaseActivity>(`${path}/activity`);
  const [safety, setSafety] = useState(true);
  const change = useChange();
  const connections = activity.state.value.value?.sessions.length;
  const restore = async () => {
    const body = { backup_id: backup.id, skip_safety_snapshot: !safety };
    if (await change.run(() => startWork(`Restore ${database.name}`, `${path}/restore`, { body }))) onClose();
  };
  return (
    <ConfirmDialog
      title={`Restore ${database.name}`}
      typed={database.name}
      action="Restore it"
      change={change}
      onConfirm={() => void restore()}
      onClose={onClose}
    >
      <dl class="preview">
        <div>
          <dt>Now</dt>
          <dd>
            {bytes(database.size_bytes)}
            {connections !== undefined && <span class="muted"> · {plural(connections, "connection")}</span>}
          </dd>
        </div>
        <div>
          <dt>Becomes</dt>
          <dd>
            {moment(backup.created_at)}{" "}
            <span class="muted">
              (<Time at={backup.created_at} />)
            </span>
            {backup.verification?.status === "verified" && (
              <span class="muted">
                {" "}
                · {plural(backup.verification.tables, "table")}, {count(backup.verification.rows)} rows
              </span>
            )}
          </dd>
        </div>
      </dl>
      <Notice tone="warn">
        <p>
          Everything written since <strong>{moment(backup.created_at)}</strong> will not be in it any more,
          and connections that are open end. Until the backup is read whole, nothing changes.
        </p>
      </Notice>
      <CheckField
        label="Back up first what is there now"
        hint="So that this restore can be taken back."
        checked={safety}
        onChange={setSafety}
      />
    </ConfirmDialog>
  );
}
