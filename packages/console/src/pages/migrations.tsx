/** In charge of the page of migrations: what is applied, and, of files that are shown to it, what is pending or has drifted. */
import type { AppliedMigration, MigrationFileBody, MigrationState } from "@postern/sdk/protocol";
import { useEffect, useState } from "preact/hooks";
import { ask, problemOf } from "../app/api.ts";
import { startWork, useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { duration, plural } from "../app/format.ts";
import { followOperation } from "../app/operations.ts";
import { invalidate, useResource } from "../app/resource.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { Icon } from "../ui/icon.tsx";
import { Empty, Notice, Problem, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable, Time } from "../ui/text.tsx";

const applied: readonly Column<AppliedMigration>[] = [
  { name: "File", grow: true, render: ({ name }) => <span class="mono strong break">{name}</span> },
  {
    name: "Took",
    from: "tablet",
    align: "end",
    render: (row) => <span class="nowrap">{duration(row.duration_ms)}</span>,
  },
  {
    name: "Checksum",
    from: "desktop",
    render: ({ checksum }) => <span class="mono small muted">{checksum.slice(0, 12)}</span>,
  },
  { name: "Applied", render: (row) => <Time at={row.applied_at} /> },
];

const tones: Record<MigrationState["state"], Tone> = {
  applied: "good",
  pending: "busy",
  changed: "bad",
  missing: "warn",
};

const states: readonly Column<MigrationState>[] = [
  {
    name: "File",
    grow: true,
    render: ({ name, error }) => (
      <div>
        <span class="mono strong break">{name}</span>
        {error && (
          <p class="small bad-text break">
            {error.line ? `Line ${error.line}: ` : ""}
            {error.message}
          </p>
        )}
      </div>
    ),
  },
  { name: "Statements", from: "tablet", align: "end", render: ({ plan }) => plan?.statements ?? "" },
  { name: "Applied", from: "tablet", render: (row) => <Time at={row.applied_at} /> },
  { name: "State", render: ({ state }) => <Badge tone={tones[state]}>{state}</Badge> },
];

export default function MigrationsPage() {
  const { id, name } = useDatabase();
  const path = `${databasePath(id)}/migrations`;
  const list = useResource<AppliedMigration[]>(path, { everyMs: 30_000 });
  const [files, setFiles] = useState<MigrationFileBody[]>();
  return (
    <div class="page">
      <PageHead
        title="Migrations"
        about="SQL files, each applied once. The files are with you, not here: show them, to see what is pending."
        actions={<FileButton onFiles={setFiles} />}
      />
      {files && (
        <Comparison key={files.map((file) => file.name).join()} files={files} name={name} path={path} />
      )}
      <Card title="Applied" flush>
        <Shown of={list} lines={5}>
          {(rows) => (
            <Table
              label="Applied migrations"
              columns={applied}
              rows={rows}
              keyOf={(row) => row.name}
              empty={
                <Empty icon="layers" title="No migration was applied yet.">
                  <p>Put SQL files into a folder and run:</p>
                  <Copyable text={`postern db migrate ${id}`} />
                </Empty>
              }
            />
          )}
        </Shown>
      </Card>
    </div>
  );
}

function FileButton({ onFiles }: { onFiles: (files: MigrationFileBody[]) => void }) {
  const read = async (list: FileList | null) => {
    const chosen = [...(list ?? [])].filter((file) => file.name.endsWith(".sql"));
    const files = await Promise.all(
      chosen.map(async (file) => ({ name: file.name, sql: await file.text() })),
    );
    if (files.length > 0) onFiles(files.sort((a, b) => (a.name < b.name ? -1 : 1)));
  };
  return (
    <label class="button button-primary file-button">
      <Icon name="file-diff" />
      Compare files
      <input
        type="file"
        accept=".sql"
        multiple
        class="file-input"
        onChange={(event) => void read(event.currentTarget.files)}
      />
    </label>
  );
}

function Comparison({ files, name, path }: { files: MigrationFileBody[]; name: string; path: string }) {
  const [compared, setCompared] = useState<MigrationState[]>();
  const applying = useChange();
  const [error, setError] = useState<unknown>();
  const compare = () =>
    ask<MigrationState[]>(`${path}/status`, { method: "POST", body: { files } }).then(setCompared, setError);
  useEffect(() => void compare(), []);
  const pending = compared?.filter(({ state }) => state === "pending") ?? [];
  const drifted = compared?.filter(({ state }) => state === "changed" || state === "missing") ?? [];
  const apply = async () => {
    const operation = await applying.run(() => startWork(`Migrate ${name}`, path, { body: { files } }));
    if (!operation) return;
    await followOperation(operation.id);
    invalidate(path);
    await compare();
  };
  return (
    <Card
      title={`Against ${plural(files.length, "file")}`}
      flush
      actions={
        pending.length > 0 && (
          <Button kind="primary" small icon="play" busy={applying.busy} onClick={() => void apply()}>
            Apply {plural(pending.length, "file")}
          </Button>
        )
      }
    >
      {error !== undefined && <Problem problem={problemOf(error)} />}
      {applying.problem && <Problem problem={applying.problem} />}
      {drifted.length > 0 && (
        <Notice tone="bad">
          <p>
            <strong>{plural(drifted.length, "file")} drifted:</strong> changed after being applied, or applied
            and not among those shown. An applied file is never to be changed; add another.
          </p>
        </Notice>
      )}
      {compared && (
        <Table label="Files compared" columns={states} rows={compared} keyOf={(row) => row.name} />
      )}
    </Card>
  );
}
