/** In charge of the page of branches: copies of a database to try things on, and what has become of them. */
import type { CreatedBranch, DatabaseInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { startWork, useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { bytes } from "../app/format.ts";
import { trackOperation } from "../app/operations.ts";
import { invalidate, useResource } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Button, LinkButton } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Empty, Notice, Problem, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable, Time } from "../ui/text.tsx";

const columns: readonly Column<DatabaseInfo>[] = [
  {
    name: "Branch",
    grow: true,
    render: ({ id, name }) => (
      <div class="name-cell">
        <a class="table-link" href={href(`/db/${id}`)}>
          {name}
        </a>
        <span class="muted small mono from-tablet">{id}</span>
      </div>
    ),
  },
  { name: "State", render: ({ status }) => <StatusBadge status={status} /> },
  {
    name: "Size",
    from: "tablet",
    align: "end",
    render: (row) => <span class="nowrap">{bytes(row.size_bytes)}</span>,
  },
  { name: "Data of", from: "tablet", render: (row) => <Time at={row.branched_at} /> },
  {
    name: "Destroys itself",
    from: "desktop",
    render: (row) => <Time at={row.expires_at} fallback="never" />,
  },
];

export default function BranchesPage() {
  const database = useDatabase();
  const branches = useResource<DatabaseInfo[]>(`${databasePath(database.id)}/branches`, { everyMs: 30_000 });
  const [creating, setCreating] = useState(false);
  return (
    <div class="page">
      <PageHead
        title="Branches"
        about="Copies with secrets of their own, to try a migration or find a mistake on real data."
        actions={
          <Button kind="primary" icon="git-branch" onClick={() => setCreating(true)}>
            New branch
          </Button>
        }
      />
      {database.parent_id && <OwnParent database={database} parent={database.parent_id} />}
      <Card flush>
        <Shown of={branches}>
          {(rows) => (
            <Table
              label="Branches"
              columns={columns}
              rows={rows}
              keyOf={({ id }) => id}
              empty={
                <Empty icon="git-branch" title={`${database.name} has no branches.`}>
                  <Copyable text={`postern db branch create ${database.id}`} />
                </Empty>
              }
            />
          )}
        </Shown>
      </Card>
      {creating && <CreateBranchDialog onClose={() => setCreating(false)} />}
    </div>
  );
}

/** The database is a branch itself. */
function OwnParent({ database, parent }: { database: DatabaseInfo; parent: string }) {
  const [asking, setAsking] = useState<"reset" | "promote">();
  const change = useChange();
  const run = async (what: "reset" | "promote") => {
    const title = what === "reset" ? `Reset ${database.name}` : `Promote ${database.name}`;
    const work = () =>
      startWork(title, `${databasePath(database.id)}/branch/${what}`, what === "promote" ? { body: {} } : {});
    if (await change.run(work)) setAsking(undefined);
  };
  return (
    <>
      <Notice
        icon="git-branch"
        action={
          <div class="row-actions">
            <LinkButton small href={href(`/db/${parent}`)}>
              Its parent
            </LinkButton>
            <Button small onClick={() => setAsking("reset")}>
              Reset
            </Button>
            <Button small onClick={() => setAsking("promote")}>
              Promote
            </Button>
          </div>
        }
      >
        <p>
          <strong>{database.name} is a branch</strong> with its parent's data of{" "}
          <Time at={database.branched_at} />.
        </p>
      </Notice>
      {asking && (
        <ConfirmDialog
          title={asking === "reset" ? "Reset this branch?" : "Promote this branch?"}
          typed={database.name}
          action={asking === "reset" ? "Reset it" : "Promote it"}
          change={change}
          onConfirm={() => void run(asking)}
          onClose={() => setAsking(undefined)}
        >
          <p>
            {asking === "reset"
              ? "Its data becomes its parent's of now; what was written here is gone."
              : "Its parent's data becomes that of this branch. The parent is backed up first."}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

function CreateBranchDialog({ onClose }: { onClose: () => void }) {
  const database = useDatabase();
  const [name, setName] = useState("");
  const [ttl, setTtl] = useState("7d");
  const [created, setCreated] = useState<CreatedBranch>();
  const change = useChange();
  const create = async () => {
    const body = { ...(name !== "" && { name }), ...(ttl !== "" && { ttl }) };
    const path = `${databasePath(database.id)}/branches?wait=false`;
    const answer = await change.run(() => ask<CreatedBranch>(path, { method: "POST", body }));
    if (!answer) return;
    void trackOperation(answer.operation_id, `Branch ${answer.name}`);
    invalidate("/databases");
    setCreated(answer);
  };
  return (
    <Dialog
      title={created ? `${created.name} is being made` : `New branch of ${database.name}`}
      onClose={onClose}
      onSubmit={created ? onClose : () => void create()}
      actions={
        <>
          {!created && <Button onClick={onClose}>Cancel</Button>}
          <Button type="submit" kind="primary" busy={change.busy}>
            {created ? "Done" : "Make it"}
          </Button>
        </>
      }
    >
      {created ? (
        <>
          <Notice tone="warn">
            <p>This is the only time that its token can be seen.</p>
          </Notice>
          <Copyable text={created.token} />
        </>
      ) : (
        <>
          <TextField
            label="Name"
            value={name}
            onInput={setName}
            placeholder="made up when left empty"
            autoComplete="off"
          />
          <SelectField
            label="Destroys itself"
            value={ttl}
            onChange={setTtl}
            options={[
              ["1d", "after a day"],
              ["7d", "after a week"],
              ["30d", "after 30 days"],
              ["", "never"],
            ]}
          />
        </>
      )}
      {change.problem && <Problem problem={change.problem} />}
    </Dialog>
  );
}
