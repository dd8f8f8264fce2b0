/** In charge of whether an application's users reach a database, and whose tokens are taken. */
import type { ClientAccessInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { invalidate, useResource } from "../app/resource.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card, Fact, Facts } from "../ui/card.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { Notice, Problem, Shown } from "../ui/states.tsx";

export function ClientAccessCard() {
  const { id } = useDatabase();
  const path = `${databasePath(id)}/client-access`;
  const access = useResource<ClientAccessInfo>(path);
  const [editing, setEditing] = useState(false);
  const [warnings, setWarnings] = useState<string[]>([]);
  const change = useChange();
  const disable = async () => {
    const done = await change.run(() => ask<ClientAccessInfo>(path, { method: "DELETE" }));
    if (!done) return;
    setWarnings([]);
    invalidate(databasePath(id));
  };
  const info = access.state.value.value;
  return (
    <Card
      title="Client access"
      about="An application's users, each with a token of its issuer, held to grants and row security."
      actions={
        info && (
          <>
            {info.enabled && (
              <Button small busy={change.busy} onClick={() => void disable()}>
                Switch off
              </Button>
            )}
            <Button small onClick={() => setEditing(true)}>
              {info.enabled ? "Change" : "Switch on"}
            </Button>
          </>
        )
      }
    >
      <Shown of={access} lines={2}>
        {({ enabled, issuer, audience }) => (
          <Facts>
            <Fact name="State">
              {enabled ? (
                <Badge tone="good" dot>
                  on
                </Badge>
              ) : (
                <Badge dot>off</Badge>
              )}
            </Fact>
            <Fact name="Issuer">{issuer ?? <span class="muted">none: every caller is anon</span>}</Fact>
            <Fact name="Audience">{audience ?? <span class="muted">any</span>}</Fact>
          </Facts>
        )}
      </Shown>
      {change.problem && <Problem problem={change.problem} />}
      {warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p class="break">{warning}</p>
        </Notice>
      ))}
      {editing && info && (
        <EditDialog
          info={info}
          path={path}
          onClose={(changed) => {
            setEditing(false);
            if (!changed) return;
            setWarnings(changed.warnings ?? []);
            invalidate(databasePath(id));
          }}
        />
      )}
    </Card>
  );
}

interface EditDialogProps {
  info: ClientAccessInfo;
  path: string;
  onClose: (changed?: ClientAccessInfo) => void;
}

function EditDialog({ info, path, onClose }: EditDialogProps) {
  const [issuer, setIssuer] = useState(info.issuer ?? "");
  const [audience, setAudience] = useState(info.audience ?? "");
  const change = useChange();
  const save = async () => {
    const body = { issuer: issuer || null, audience: audience || null };
    const changed = await change.run(() => ask<ClientAccessInfo>(path, { method: "PUT", body }));
    if (changed) onClose(changed);
  };
  return (
    <Dialog
      title="Client access"
      onClose={() => onClose()}
      onSubmit={() => void save()}
      actions={
        <>
          <Button onClick={() => onClose()}>Cancel</Button>
          <Button type="submit" kind="primary" busy={change.busy}>
            {info.enabled ? "Save" : "Switch on"}
          </Button>
        </>
      }
    >
      <TextField
        label="Issuer"
        value={issuer}
        onInput={setIssuer}
        placeholder="https://issuer.example.com"
        hint="As the tokens’ iss has it. Empty: the server's own, else nobody's."
      />
      <TextField
        label="Audience"
        value={audience}
        onInput={setAudience}
        hint="What the tokens’ aud must name. Empty: any."
      />
      {change.problem && <Problem problem={change.problem} />}
    </Dialog>
  );
}
