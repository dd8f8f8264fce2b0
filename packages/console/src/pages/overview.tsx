/** In charge of the overview of a database: how it is, how large, who is connected, how safe its data is, and how to reach it. */
import type { BackupStatusInfo, DatabaseActivity, DatabaseInfo } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { bytes, plural } from "../app/format.ts";
import { placeOf, sandboxOf } from "../app/place.ts";
import { useResource } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { visibleText } from "../data/visible-text.ts";
import { Badge, StatusBadge, type Tone } from "../ui/badge.tsx";
import { LinkButton } from "../ui/button.tsx";
import { Card, Fact, Facts, PageHead } from "../ui/card.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Empty, Notice, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable, Meter, Time } from "../ui/text.tsx";
import { ConnectCard } from "./connect-card.tsx";
import { RestoredNotice } from "./restored-card.tsx";

export default function OverviewPage() {
  const database = useDatabase();
  const path = databasePath(database.id);
  const backups = useResource<BackupStatusInfo>(`${path}/backup-status`, { everyMs: 15_000 });
  const activity = useResource<DatabaseActivity>(`${path}/activity`, { everyMs: 5_000 });
  const { environment } = database;
  return (
    <div class="page">
      <PageHead
        title={
          <>
            {database.name} <StatusBadge status={database.status} />
          </>
        }
        about={
          <>
            <span class="mono small">{database.id}</span>
            {environment && ` · ${environment.project}, ${environment.name}`}
            {database.parent_id && " · a branch"}
            {" · made "}
            <Time at={database.created_at} />
          </>
        }
        actions={
          <LinkButton icon="archive" href={href(`/db/${database.id}/backups`)}>
            Backups
          </LinkButton>
        }
      />
      <RestoredNotice />
      {database.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p>{warning}</p>
        </Notice>
      ))}
      <Tiles database={database} />
      <Card title="Health" about="What could lose data or stop work, and the command that mends it.">
        <Shown of={backups}>{(status) => <Checks database={database} status={status} />}</Shown>
      </Card>
      <ConnectCard />
      <Card title="Connections" about="Who is connected now, and through what." flush>
        <Shown of={activity}>
          {({ sessions }) => (
            <Table
              label="Connections"
              columns={sessionColumns}
              rows={sessions}
              keyOf={({ pid }) => pid}
              empty={<Empty icon="activity" title="Nobody is connected." />}
            />
          )}
        </Shown>
      </Card>
    </div>
  );
}

function Tiles({ database }: { database: DatabaseInfo }) {
  const { size_bytes: size, storage_limit_bytes: limit, connections } = database;
  return (
    <Card>
      <Facts>
        <Fact name="Size">
          {bytes(size)}
          {limit !== null && <span class="muted"> of {bytes(limit)}</span>}
          {limit !== null && (
            <Meter value={size ?? 0} total={limit} label="Share of the storage that its class is meant for" />
          )}
        </Fact>
        <Fact name="Connections">
          {connections ? connections.open : "–"}
          {connections && <span class="muted"> of {connections.limit}</span>}
          {connections && (
            <Meter value={connections.open} total={connections.limit} label="Share of its connections" />
          )}
        </Fact>
        <Fact name="Class">
          <span class="mono">{database.class}</span>
        </Fact>
        <Fact name="Runs on">
          <Place of={database} />
        </Fact>
        <Fact name="Postgres">{database.version}</Fact>
        <Fact name="Last backup">
          <Time at={database.last_backup_at} fallback="none yet" />
        </Fact>
      </Facts>
    </Card>
  );
}

function Place({ of: database }: { of: DatabaseInfo }) {
  const { external_instance: instance } = database;
  const sandbox = sandboxOf(database);
  return (
    <>
      {instance ? <strong>{instance.name}</strong> : placeOf(database)}{" "}
      {instance && instance.status !== "healthy" && <StatusBadge status={instance.status} />}
      <div class="muted small break">{instance ? (instance.reason ?? "a registered instance") : sandbox}</div>
    </>
  );
}

interface Check {
  tone: Tone;
  what: string;
  more: string;
  command?: string;
}

const icons: Record<string, IconName> = {
  good: "circle-check",
  warn: "triangle-alert",
  bad: "circle-alert",
  quiet: "info",
};

function Checks({ database, status }: { database: DatabaseInfo; status: BackupStatusInfo }) {
  return (
    <ul class="checks">
      {[
        answers(database),
        backedUp(database, status),
        verified(database, status),
        pointInTime(database, status),
      ].map(({ tone, what, more, command }) => (
        <li key={what} class={`check check-${tone}`}>
          <Icon name={icons[tone] ?? "info"} size={18} />
          <div>
            <p class="check-what">{what}</p>
            <p class="muted small">{more}</p>
          </div>
          {command && tone !== "good" && <Copyable text={command} />}
        </li>
      ))}
    </ul>
  );
}

function answers({ status, healthy, id }: DatabaseInfo): Check {
  if (status === "paused")
    return {
      tone: "quiet",
      what: "It sleeps",
      more: "The next connection or query wakes it.",
      command: `postern db resume ${id}`,
    };
  return healthy
    ? { tone: "good", what: "It answers queries", more: "Asked a moment ago." }
    : {
        tone: "bad",
        what: "It does not answer",
        more: "Its server may be starting.",
        command: "postern doctor",
      };
}

function backedUp({ id }: DatabaseInfo, status: BackupStatusInfo): Check {
  const command = `postern db backup create ${id}`;
  if (status.failures > 0)
    return {
      tone: "bad",
      what: "Scheduled backups fail",
      more: status.last_failure?.error?.message ?? "",
      command,
    };
  if (status.overdue)
    return {
      tone: "bad",
      what: "A scheduled backup is missing",
      more: "It should have been made by now.",
      command,
    };
  if (!status.latest)
    return {
      tone: "warn",
      what: "There is no backup yet",
      more: status.schedule ? "The first comes by its schedule." : "And none is scheduled.",
      command,
    };
  if (!status.schedule)
    return {
      tone: "warn",
      what: "Backups are made by hand only",
      more: plural(status.completed, "backup"),
      command: `postern db backup policy ${id} --schedule "0 2 * * *"`,
    };
  return {
    tone: "good",
    what: "Backups are made as scheduled",
    more: `${plural(status.completed, "backup")}, kept ${status.retention}.`,
  };
}

function verified({ id }: DatabaseInfo, { last_verified: last, latest }: BackupStatusInfo): Check {
  if (last)
    return {
      tone: "good",
      what: "A backup was restored on trial",
      more: `${plural(last.verification?.tables ?? 0, "table")} and ${plural(last.verification?.rows ?? 0, "row")} compared.`,
    };
  return {
    tone: latest ? "warn" : "quiet",
    what: "No backup was tried yet",
    more: "Only a backup that was restored is known to be good.",
    ...(latest && { command: `postern db backup verify ${latest.id}` }),
    ...(!latest && { command: `postern db backup create ${id}` }),
  };
}

function pointInTime(
  { id }: DatabaseInfo,
  { point_in_time: { status, reason, lag_seconds: lag } }: BackupStatusInfo,
): Check {
  if (status === "on")
    return {
      tone: "good",
      what: "Every moment can be restored",
      more:
        lag === null
          ? "Its log is archived."
          : `At most ${Math.max(1, Math.round(lag))} s would be lost with the disk.`,
    };
  if (status === "starting")
    return {
      tone: "quiet",
      what: "Point-in-time recovery begins",
      more: "The first full backup is being made.",
    };
  return {
    tone: "quiet",
    what: "Only backups can be restored, no moments between them",
    more: reason ?? "",
    ...(status === "off" && { command: `postern db pitr enable ${id}` }),
  };
}

type Session = DatabaseActivity["sessions"][number];

const sessionColumns: readonly Column<Session>[] = [
  {
    name: "Application",
    grow: true,
    render: ({ application, user }) => <span class="break">{visibleText(application || user)}</span>,
  },
  { name: "Through", render: ({ through }) => <Badge>{through}</Badge> },
  { name: "State", from: "tablet", render: ({ state }) => state ?? "logging in" },
  { name: "Last statement", from: "tablet", render: (row) => <Time at={row.last_statement_at} /> },
  { name: "Since", from: "desktop", render: (row) => <Time at={row.connected_at} /> },
];
