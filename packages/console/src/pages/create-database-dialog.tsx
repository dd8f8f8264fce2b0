/** In charge of making a database: its name and class, and then its token, which is shown this once. */
import type { CreatedDatabase } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { trackOperation } from "../app/operations.ts";
import { invalidate } from "../app/resource.ts";
import { navigate } from "../app/router.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Notice, Problem } from "../ui/states.tsx";
import { Copyable } from "../ui/text.tsx";

export const classes = [
  ["db.p1", "db.p1 — development and test"],
  ["db.p2", "db.p2 — staging and light production"],
  ["db.p3", "db.p3 — production"],
] as const;

export function CreateDatabaseDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [tier, setTier] = useState("db.p1");
  const [created, setCreated] = useState<CreatedDatabase>();
  const change = useChange();
  const create = async () => {
    const body = { class: tier, ...(name !== "" && { name }) };
    const answer = await change.run(() =>
      ask<CreatedDatabase>("/databases?wait=false", { method: "POST", body }),
    );
    if (!answer) return;
    void trackOperation(answer.operation_id, `Create ${answer.name}`);
    invalidate("/databases");
    setCreated(answer);
  };
  if (created) {
    const open = () => {
      onClose();
      navigate(`/db/${created.id}`);
    };
    return (
      <Dialog
        title={`${created.name} is being made`}
        onClose={onClose}
        onSubmit={open}
        actions={
          <Button type="submit" kind="primary">
            Open it
          </Button>
        }
      >
        <Notice tone="warn">
          <p>This is the only time that its token can be seen. It opens SQL over HTTP with all rights.</p>
        </Notice>
        <Copyable text={created.token} />
      </Dialog>
    );
  }
  return (
    <Dialog
      title="New database"
      onClose={onClose}
      onSubmit={() => void create()}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={change.busy}>
            Create
          </Button>
        </>
      }
    >
      <TextField
        label="Name"
        value={name}
        onInput={setName}
        placeholder="made up when left empty"
        hint="1 to 63 characters: a–z, 0–9, _ and -."
        autoComplete="off"
      />
      <SelectField
        label="Class"
        value={tier}
        onChange={setTier}
        options={classes}
        hint="It can be changed later. From db.p2 on a database has a Postgres of its own."
      />
      {change.problem && <Problem problem={change.problem} />}
    </Dialog>
  );
}
