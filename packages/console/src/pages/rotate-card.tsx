/** In charge of new secrets for the owner: password and master token, at once or with a time for both. */
import type { RotatedCredentials } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { invalidate } from "../app/resource.ts";
import { Addresses } from "../ui/addresses.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { CheckField, SelectField } from "../ui/field.tsx";
import { Notice, Problem } from "../ui/states.tsx";
import { Time } from "../ui/text.tsx";

export function RotateCard() {
  const [open, setOpen] = useState(false);
  const { user } = useDatabase();
  return (
    <Card
      title="Owner's secrets"
      about={
        <>
          The role <code>{user}</code> owns everything in it. A rotation gives it a new password and a new
          master token.
        </>
      }
      actions={
        <Button small icon="refresh-cw" onClick={() => setOpen(true)}>
          Rotate
        </Button>
      }
    >
      {open && <RotateDialog onClose={() => setOpen(false)} />}
      <p class="small muted">
        Applications need the new secrets afterwards; with time for both, they can be changed one by one.
      </p>
    </Card>
  );
}

function RotateDialog({ onClose }: { onClose: () => void }) {
  const { id } = useDatabase();
  const [grace, setGrace] = useState("1h");
  const [all, setAll] = useState(false);
  const [done, setDone] = useState<RotatedCredentials>();
  const change = useChange();
  const rotate = async () => {
    const body = { ...(grace !== "" && { grace }), all_tokens: all };
    const path = `${databasePath(id)}/rotate-credentials`;
    const rotated = await change.run(() => ask<RotatedCredentials>(path, { method: "POST", body }));
    if (!rotated) return;
    invalidate(databasePath(id));
    setDone(rotated);
  };
  return (
    <Dialog
      title={done ? "New secrets" : "Rotate the owner's secrets?"}
      onClose={onClose}
      onSubmit={done ? onClose : () => void rotate()}
      actions={
        <>
          {!done && <Button onClick={onClose}>Cancel</Button>}
          <Button type="submit" kind={done ? "primary" : "danger"} busy={change.busy}>
            {done ? "I have them" : "Rotate"}
          </Button>
        </>
      }
    >
      {done ? (
        <>
          <Notice tone="warn">
            <p>
              The token is shown only now. The old one and open connections end <Time at={done.grace_until} />
              .
            </p>
          </Notice>
          <Addresses
            of={[
              ["Token", done.token],
              ["Pooled", done.urls.pooled],
              ["Direct", done.urls.direct],
            ]}
          />
        </>
      ) : (
        <>
          <SelectField
            label="The old token and open connections go on"
            value={grace}
            onChange={setGrace}
            options={[
              ["", "not at all: they end at once"],
              ["10m", "for 10 minutes"],
              ["1h", "for an hour"],
              ["24h", "for a day"],
            ]}
          />
          <CheckField
            label="End the other tokens, too"
            hint="Those that were made beside the master token."
            checked={all}
            onChange={setAll}
          />
        </>
      )}
      {change.problem && <Problem problem={change.problem} />}
    </Dialog>
  );
}
