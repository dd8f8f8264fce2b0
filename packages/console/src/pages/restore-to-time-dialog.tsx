/** In charge of going back to a moment: it makes a new database beside the old one, so nothing is lost by a wrong guess. */
import type { CreatedDatabase, PointInTimeInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { moment } from "../app/format.ts";
import { trackOperation } from "../app/operations.ts";
import { invalidate } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { Button, LinkButton } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { Notice, Problem } from "../ui/states.tsx";
import { Copyable } from "../ui/text.tsx";

/** As a field for date and time wants it. */
const forField = (time: string): string => moment(time, true).replace(" ", "T");

export function RestoreToTimeDialog({ window, onClose }: { window: PointInTimeInfo; onClose: () => void }) {
  const database = useDatabase();
  const [at, setAt] = useState(forField(window.latest!));
  const [name, setName] = useState(`${database.name}-then`.slice(0, 63));
  const [created, setCreated] = useState<CreatedDatabase>();
  const change = useChange();
  const restore = async () => {
    const body = { at: new Date(at).toISOString(), name };
    const path = `${databasePath(database.id)}/restore-to-time`;
    const made = await change.run(() => ask<CreatedDatabase>(path, { method: "POST", body }));
    if (!made) return;
    void trackOperation(made.operation_id, `${database.name} as of ${moment(body.at, true)}`);
    invalidate("/databases");
    setCreated(made);
  };
  const chosen = new Date(at).getTime();
  const gap = window.gaps.find(
    ({ from, to }) => chosen >= Date.parse(from) && chosen <= (to ? Date.parse(to) : Date.now()),
  );
  if (created) return <MadeDialog of={created} onClose={onClose} />;
  return (
    <Dialog
      title="Back to a moment"
      onClose={onClose}
      onSubmit={() => void restore()}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={change.busy} disabled={Number.isNaN(chosen)}>
            Make a database of then
          </Button>
        </>
      }
    >
      <p>
        A new database gets the data of that moment; {database.name} stays as it is. Look whether it is right,
        then let it take the other's place here.
      </p>
      <TextField
        label="Moment"
        type="datetime-local"
        step="1"
        value={at}
        onInput={setAt}
        min={forField(window.earliest!)}
        max={forField(window.latest!)}
        hint={`Between ${moment(window.earliest!, true)} and ${moment(window.latest!, true)}, in the time of this machine.`}
        required
      />
      <TextField label="Name of the new database" value={name} onInput={setName} autoComplete="off" />
      {gap && (
        <Notice tone="warn">
          <p>What was written then was not archived. Choose another moment.</p>
        </Notice>
      )}
      {change.problem && <Problem problem={change.problem} />}
    </Dialog>
  );
}

function MadeDialog({ of: { id, name, token }, onClose }: { of: CreatedDatabase; onClose: () => void }) {
  return (
    <Dialog
      title={`${name} is being made`}
      onClose={onClose}
      onSubmit={onClose}
      actions={
        <>
          <LinkButton href={href(`/db/${id}`)}>Open it</LinkButton>
          <Button type="submit" kind="primary">
            Done
          </Button>
        </>
      }
    >
      <Notice tone="warn">
        <p>This is the only time that its token can be seen.</p>
      </Notice>
      <Copyable text={token} />
    </Dialog>
  );
}
