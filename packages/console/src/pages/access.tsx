/** In charge of the page of access: tokens, an application's users, and the owner's password. */
import type { TokenInfo } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { invalidate, useResource } from "../app/resource.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/text.tsx";
import { ClientAccessCard } from "./client-access-card.tsx";
import { CreateTokenDialog } from "./create-token-dialog.tsx";
import { RotateCard } from "./rotate-card.tsx";

export default function AccessPage() {
  const { id } = useDatabase();
  const path = `${databasePath(id)}/tokens`;
  const tokens = useResource<TokenInfo[]>(path, { everyMs: 15_000 });
  const [creating, setCreating] = useState(false);
  const columns: readonly Column<TokenInfo>[] = [
    {
      name: "Token",
      grow: true,
      render: (token) => (
        <div class="name-cell">
          <span class="strong break">{token.label}</span>
          <span class="muted small mono from-tablet">{token.id}</span>
        </div>
      ),
    },
    {
      name: "May",
      render: ({ scope }) => (
        <Badge tone={scope === "full" ? "warn" : "quiet"}>
          {scope === "full" ? "everything" : "only read"}
        </Badge>
      ),
    },
    { name: "Last used", from: "tablet", render: (row) => <Time at={row.last_used_at} fallback="never" /> },
    { name: "Made", from: "desktop", render: (row) => <Time at={row.created_at} /> },
    { name: "Ends", from: "tablet", render: (row) => <Time at={row.expires_at} fallback="never" /> },
    { name: "Actions", hideName: true, align: "end", render: (row) => <Revoke token={row} path={path} /> },
  ];
  return (
    <div class="page">
      <PageHead title="Access" about="What opens this database, and to whom." />
      <Card
        title="Tokens"
        about="They open SQL over HTTP. Only their hashes are kept, so they are shown when they are made and never again."
        actions={
          <Button kind="primary" small icon="plus" onClick={() => setCreating(true)}>
            New token
          </Button>
        }
        flush
      >
        <Shown of={tokens}>
          {(rows) => (
            <Table
              label="Tokens"
              columns={columns}
              rows={rows}
              keyOf={({ id }) => id}
              empty={<Empty icon="key-round" title="No token opens it." />}
            />
          )}
        </Shown>
      </Card>
      <ClientAccessCard />
      <RotateCard />
      {creating && <CreateTokenDialog path={path} onClose={() => setCreating(false)} />}
    </div>
  );
}

function Revoke({ token, path }: { token: TokenInfo; path: string }) {
  const [asking, setAsking] = useState(false);
  const change = useChange();
  const revoke = async () => {
    const done = await change.run(() =>
      ask<TokenInfo>(`${path}/${encodeURIComponent(token.id)}`, { method: "DELETE" }),
    );
    if (!done) return;
    setAsking(false);
    invalidate(path);
  };
  return (
    <>
      <Button small onClick={() => setAsking(true)}>
        Revoke
      </Button>
      {asking && (
        <ConfirmDialog
          title="Revoke this token?"
          action="Revoke it"
          change={change}
          onConfirm={() => void revoke()}
          onClose={() => setAsking(false)}
        >
          <p>
            Whatever uses <strong class="break">{token.label}</strong> is refused from then on. It cannot be
            taken back.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
