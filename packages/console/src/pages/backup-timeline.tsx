/** In charge of the line of time: the backups on it, and the stretch in which every moment can be restored. */
import type { BackupInfo, PointInTimeInfo } from "@postern/sdk/protocol";
import { moment, plural } from "../app/format.ts";

interface TimelineProps {
  window: PointInTimeInfo;
  backups: readonly BackupInfo[];
}

export function BackupTimeline({ window, backups }: TimelineProps) {
  const kept = backups.filter(({ status }) => status === "completed");
  const starts = [...kept.map(({ created_at }) => created_at), ...(window.earliest ? [window.earliest] : [])];
  if (starts.length === 0) return null;
  const now = Date.now();
  const first = Math.min(...starts.map((time) => Date.parse(time)));
  // A single moment would be a line without length.
  const from = Math.min(first, now - 60_000);
  const at = (time: string) => `${((Date.parse(time) - from) / (now - from)) * 96 + 2}%`;
  const end = window.latest ?? new Date(now).toISOString();
  return (
    <figure class="timeline">
      <figcaption class="hidden-text">
        {plural(kept.length, "backup")} since {moment(new Date(from))}
        {window.earliest && `; every moment since ${moment(window.earliest)}`}. The table below lists them.
      </figcaption>
      <div class="timeline-line" aria-hidden="true">
        {window.earliest && (
          <span
            class="timeline-window"
            style={{ left: at(window.earliest), right: `calc(100% - ${at(end)})` }}
          />
        )}
        {kept.map((backup) => (
          <span
            key={backup.id}
            class={`timeline-mark timeline-${backup.kind}`}
            style={{ left: at(backup.created_at) }}
            title={`${backup.kind} backup, ${moment(backup.created_at)}`}
          />
        ))}
      </div>
      <div class="timeline-ends small muted" aria-hidden="true">
        <span>{moment(new Date(from))}</span>
        {window.earliest && <span class="timeline-legend">every moment</span>}
        <span>now</span>
      </div>
    </figure>
  );
}
