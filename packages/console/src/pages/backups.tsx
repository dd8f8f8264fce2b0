/** In charge of the page of backups: how safe the data is, every backup, and going back to one or to a moment. */
import type { BackupInfo, BackupStatusInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { startWork, useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { bytes, plural } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { Button } from "../ui/button.tsx";
import { Card, Fact, Facts, PageHead } from "../ui/card.tsx";
import { Notice, Problem, Shown } from "../ui/states.tsx";
import { Time } from "../ui/text.tsx";
import { BackupTable } from "./backup-table.tsx";
import { BackupTimeline } from "./backup-timeline.tsx";
import { RestoreDialog } from "./restore-dialog.tsx";
import { RestoreToTimeDialog } from "./restore-to-time-dialog.tsx";
import { RestoredCard, RestoredNotice } from "./restored-card.tsx";

export default function BackupsPage() {
  const database = useDatabase();
  const path = databasePath(database.id);
  const status = useResource<BackupStatusInfo>(`${path}/backup-status`, { everyMs: 30_000 });
  const backups = useResource<BackupInfo[]>(`${path}/backups`, { everyMs: 30_000 });
  const [restoring, setRestoring] = useState<BackupInfo>();
  const [goingBack, setGoingBack] = useState(false);
  const change = useChange();
  const backUp = () =>
    change.run(() => startWork(`Back up ${database.name}`, `${path}/backups`, { body: {} }));
  const pointInTime = status.state.value.value?.point_in_time;
  return (
    <div class="page">
      <PageHead
        title="Backups"
        about={`Every backup of ${database.name} that is kept, and how far back it can be taken.`}
        actions={
          <>
            {pointInTime?.earliest && pointInTime.latest && (
              <Button icon="clock" onClick={() => setGoingBack(true)}>
                Back to a moment
              </Button>
            )}
            <Button kind="primary" icon="archive" busy={change.busy} onClick={() => void backUp()}>
              Back up now
            </Button>
          </>
        }
      />
      {change.problem && <Problem problem={change.problem} />}
      <RestoredNotice />
      <Shown of={status}>
        {(state) => <Safety status={state} backups={backups.state.value.value ?? []} />}
      </Shown>
      <RestoredCard />
      <Card title="Backups" flush>
        <Shown of={backups} lines={6}>
          {(rows) => <BackupTable rows={rows} onRestore={setRestoring} />}
        </Shown>
      </Card>
      {restoring && <RestoreDialog backup={restoring} onClose={() => setRestoring(undefined)} />}
      {goingBack && pointInTime && (
        <RestoreToTimeDialog window={pointInTime} onClose={() => setGoingBack(false)} />
      )}
    </div>
  );
}

function Safety({ status, backups }: { status: BackupStatusInfo; backups: readonly BackupInfo[] }) {
  const { point_in_time: window, latest } = status;
  return (
    <>
      {status.overdue && (
        <Notice tone="bad">
          <p>
            <strong>A scheduled backup is missing</strong> since <Time at={status.overdue_since} />.
          </p>
        </Notice>
      )}
      {status.last_failure && (
        <Notice tone="bad">
          <p>
            <strong>The last backup failed.</strong> {status.last_failure.error?.message}
          </p>
        </Notice>
      )}
      <Card>
        <BackupTimeline window={window} backups={backups} />
        <Facts>
          <Fact name="Latest">
            <Time at={status.last_backup_at} fallback="none yet" />
            {latest && <span class="muted small"> · {bytes(latest.size_bytes)}</span>}
          </Fact>
          <Fact name="Next">
            <Time at={status.next_run_at} fallback="by hand only" />
          </Fact>
          <Fact name="Kept for">{status.retention}</Fact>
          <Fact name="Tried out">
            <Time at={status.last_verified?.verified_at} fallback="not yet" />
          </Fact>
          <Fact name="Every moment since">
            {window.earliest ? <Time at={window.earliest} /> : <span class="muted">not kept</span>}
          </Fact>
          <Fact name="In all">{plural(status.completed, "backup")}</Fact>
        </Facts>
      </Card>
    </>
  );
}
