/** In charge of going back to a moment: it makes a new database beside the old one, so nothing is lost by a wrong guess. */
import type { OperationInfo, PointInTimeInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { startWork, useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { moment } from "../app/format.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { Notice, Problem } from "../ui/states.tsx";

/** As a field for date and time wants it. */
const forField = (time: string): string => moment(time, true).replace(" ", "T");

export function RestoreToTimeDialog({ window, onClose }: { window: PointInTimeInfo; onClose: () => void }) {
  const database = useDatabase();
  const [at, setAt] = useState(forField(window.latest!));
  const [name, setName] = useState(`${database.name}-then`.slice(0, 63));
  const change = useChange();
  const restore = async () => {
    const body = { at: new Date(at).toISOString(), name };
    const work = () =>
      startWork(`${database.name} as of ${moment(body.at)}`, `${databasePath(database.id)}/restore-to-time`, {
        body,
      });
    if (await change.run<OperationInfo>(work)) onClose();
  };
  const chosen = new Date(at).getTime();
  const gap = window.gaps.find(
    ({ from, to }) => chosen >= Date.parse(from) && chosen <= (to ? Date.parse(to) : Date.now()),
  );
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
        then let it take the other's place with <code>postern db promote</code>.
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
