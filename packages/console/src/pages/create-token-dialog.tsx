/** In charge of making a token, and of showing it this once. */
import type { CreatedToken } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { invalidate } from "../app/resource.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Notice, Problem } from "../ui/states.tsx";
import { Copyable } from "../ui/text.tsx";

export function CreateTokenDialog({ path, onClose }: { path: string; onClose: () => void }) {
  const [label, setLabel] = useState("");
  const [scope, setScope] = useState("read_only");
  const [expires, setExpires] = useState("90d");
  const [created, setCreated] = useState<CreatedToken>();
  const change = useChange();
  const create = async () => {
    const body = { label, scope, ...(expires !== "" && { expires_in: expires }) };
    const token = await change.run(() => ask<CreatedToken>(path, { method: "POST", body }));
    if (!token) return;
    invalidate(path);
    setCreated(token);
  };
  return (
    <Dialog
      title={created ? `The token “${created.label}”` : "New token"}
      onClose={onClose}
      onSubmit={created ? onClose : () => void create()}
      actions={
        <>
          {!created && <Button onClick={onClose}>Cancel</Button>}
          <Button type="submit" kind="primary" busy={change.busy}>
            {created ? "I have it" : "Make it"}
          </Button>
        </>
      }
    >
      {created ? (
        <>
          <Notice tone="warn">
            <p>This is the only time that it can be seen.</p>
          </Notice>
          <Copyable text={created.token} />
        </>
      ) : (
        <>
          <TextField label="What it is for" value={label} onInput={setLabel} required autoComplete="off" />
          <SelectField
            label="It may"
            value={scope}
            onChange={setScope}
            options={[
              ["read_only", "only read"],
              ["full", "do everything"],
            ]}
          />
          <SelectField
            label="It ends"
            value={expires}
            onChange={setExpires}
            options={[
              ["1d", "after a day"],
              ["30d", "after 30 days"],
              ["90d", "after 90 days"],
              ["365d", "after a year"],
              ["", "never"],
            ]}
          />
        </>
      )}
      {change.problem && <Problem problem={change.problem} />}
    </Dialog>
  );
}
