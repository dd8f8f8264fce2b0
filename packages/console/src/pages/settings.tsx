/** In charge of the page of settings: sleep, class, and the danger zone. */
import type { BackupPolicyInfo, DatabaseInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { startWork, useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { sleeps, whyAwake } from "../app/place.ts";
import { invalidate, useResource } from "../app/resource.ts";
import { navigate } from "../app/router.ts";
import { Button } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { CheckField, SelectField, TextField } from "../ui/field.tsx";
import { Notice, Problem, Shown } from "../ui/states.tsx";
import { classes } from "./create-database-dialog.tsx";

export default function SettingsPage() {
  return (
    <div class="page">
      <PageHead
        title="Settings"
        about="How the database is run. Its data is not touched here, but for the last part."
      />
      <BackupPolicyCard />
      <PauseCard />
      <ScaleCard />
      <DangerCard />
    </div>
  );
}

function BackupPolicyCard() {
  const { id } = useDatabase();
  const path = `${databasePath(id)}/backup-policy`;
  const policy = useResource<BackupPolicyInfo>(path);
  return (
    <Card title="Backup schedule" about="When it is backed up by itself, and how long backups are kept.">
      <Shown of={policy} lines={2}>
        {(info) => <PolicyForm key={`${info.schedule} ${info.retention}`} info={info} path={path} />}
      </Shown>
    </Card>
  );
}

function PolicyForm({ info, path }: { info: BackupPolicyInfo; path: string }) {
  const [schedule, setSchedule] = useState(info.schedule ?? "");
  const [retention, setRetention] = useState(info.retention);
  const change = useChange();
  const save = async () => {
    const body = { schedule: schedule === "" ? false : schedule, retention };
    if (await change.run(() => ask<BackupPolicyInfo>(path, { method: "PUT", body })))
      invalidate("/databases");
  };
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <TextField
        label="Schedule"
        value={schedule}
        onInput={setSchedule}
        mono
        hint="Cron, in UTC. Empty: by hand only."
        placeholder="0 2 * * *"
      />
      <TextField label="Keep for" value={retention} onInput={setRetention} mono hint="24h, 7d, 4w" required />
      <Button type="submit" busy={change.busy}>
        Save
      </Button>
      {change.problem && <Problem problem={change.problem} />}
    </form>
  );
}

function PauseCard() {
  const database = useDatabase();
  const path = `${databasePath(database.id)}/pause`;
  const change = useChange();
  const own = sleeps(database);
  const [after, setAfter] = useState(String(database.pause_after_seconds ?? ""));
  const pauseNow = () =>
    change.run(async () => {
      await ask<DatabaseInfo>(path, { method: "POST" });
      invalidate("/databases");
    });
  const save = () =>
    change.run(async () => {
      await ask(path, { method: "PUT", body: { after_seconds: after === "" ? null : Number(after) } });
      invalidate("/databases");
    });
  return (
    <Card
      title="Sleep"
      about="A database with a server or a machine of its own can sleep: it uses no memory then, and wakes with the first connection or query."
      actions={
        own && (
          <Button
            small
            icon="pause"
            busy={change.busy}
            disabled={database.status !== "ready"}
            onClick={() => void pauseNow()}
          >
            Sleep now
          </Button>
        )
      }
    >
      {own ? (
        <form
          class="inline-form"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <SelectField
            label="Sleep by itself"
            value={after}
            onChange={setAfter}
            options={[
              ["", "as the operator has set it"],
              ["0", "never"],
              ["300", "after 5 minutes without a statement"],
              ["3600", "after an hour"],
              ["86400", "after a day"],
              ...unusual(after),
            ]}
          />
          <Button type="submit" busy={change.busy}>
            Save
          </Button>
        </form>
      ) : (
        <p class="muted">{whyAwake(database)}</p>
      )}
      {change.problem && <Problem problem={change.problem} />}
    </Card>
  );
}

const unusual = (seconds: string): [string, string][] =>
  ["", "0", "300", "3600", "86400"].includes(seconds) ? [] : [[seconds, `after ${seconds} s`]];

function ScaleCard() {
  const database = useDatabase();
  const [wanted, setWanted] = useState<string>(database.class);
  const [asking, setAsking] = useState(false);
  const change = useChange();
  const scale = async () => {
    const work = () =>
      startWork(`Scale ${database.name} to ${wanted}`, `${databasePath(database.id)}/scale`, {
        body: { class: wanted },
      });
    if (await change.run(work)) setAsking(false);
  };
  return (
    <Card title="Class" about="How much memory, storage and how many connections it gets.">
      <div class="inline-form">
        <SelectField label="Class" value={wanted} onChange={setWanted} options={classes} />
        <Button disabled={wanted === database.class} onClick={() => setAsking(true)}>
          Change class
        </Button>
      </div>
      {asking && (
        <ConfirmDialog
          title={`Move ${database.name} to ${wanted}?`}
          action="Move it"
          danger={false}
          change={change}
          onConfirm={() => void scale()}
          onClose={() => setAsking(false)}
        >
          <p>
            It is copied while it is in use; at the end, requests wait for a moment. URLs, password and tokens
            stay, but the port of the direct URL changes between a shared server and one of its own.
          </p>
          {database.external_instance && (
            <p>
              It leaves <strong>{database.external_instance.name}</strong> for a server of this machine.
            </p>
          )}
        </ConfirmDialog>
      )}
    </Card>
  );
}

function DangerCard() {
  const database = useDatabase();
  const [asking, setAsking] = useState(false);
  const [keep, setKeep] = useState(true);
  const change = useChange();
  const destroy = async () => {
    const path = `${databasePath(database.id)}${keep ? "" : "?skip_snapshot=true"}`;
    const work = () => startWork(`Destroy ${database.name}`, path, { method: "DELETE" });
    if (await change.run(work)) navigate("/");
  };
  return (
    <Card title="Danger zone" tone="danger">
      <div class="danger-row">
        <div>
          <h3>Destroy this database</h3>
          <p class="muted">It ends at once. With a last backup it can be brought back for a while.</p>
        </div>
        <Button kind="danger" icon="trash-2" onClick={() => setAsking(true)}>
          Destroy
        </Button>
      </div>
      {asking && (
        <ConfirmDialog
          title={`Destroy ${database.name}?`}
          typed={database.name}
          action="Destroy it"
          change={change}
          onConfirm={() => void destroy()}
          onClose={() => setAsking(false)}
        >
          <p>
            Its server answers no more, its tokens and URLs end. {database.connections?.open ?? 0} connections
            are open now.
          </p>
          <CheckField
            label="Keep a last backup"
            hint="It can then be brought back for a while."
            checked={keep}
            onChange={setKeep}
          />
          {!keep && (
            <Notice tone="bad">
              <p>
                <strong>Nothing can bring it back then.</strong>
              </p>
            </Notice>
          )}
        </ConfirmDialog>
      )}
    </Card>
  );
}
