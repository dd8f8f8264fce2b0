/** In charge of ending a session, or only what it runs. */
import type { EndedSessionInfo, LiveSession } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { Button } from "../ui/button.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { StatementText } from "./statement-text.tsx";

export function SessionActions({ session }: { session: LiveSession }) {
  const { id } = useDatabase();
  const [asking, setAsking] = useState<"cancel" | "end">();
  const change = useChange();
  if (session.through === "postern") return null;
  const run = async (action: "cancel" | "end") => {
    const path = `${databasePath(id)}/sessions/${session.pid}/${action}`;
    if (await change.run(() => ask<EndedSessionInfo>(path, { method: "POST" }))) setAsking(undefined);
  };
  const inTransaction = session.transaction_since !== null;
  return (
    <div class="row-actions">
      {session.state === "active" && (
        <Button small onClick={() => setAsking("cancel")}>
          Cancel
        </Button>
      )}
      <Button
        small
        kind="quiet"
        icon="x"
        label={`End session ${session.pid}`}
        onClick={() => setAsking("end")}
      />
      {asking && (
        <ConfirmDialog
          title={asking === "cancel" ? `Cancel what ${session.pid} runs?` : `End session ${session.pid}?`}
          action={asking === "cancel" ? "Cancel the statement" : "End the session"}
          change={change}
          onConfirm={() => void run(asking)}
          onClose={() => {
            change.clear();
            setAsking(undefined);
          }}
        >
          <p>
            {asking === "cancel"
              ? "The statement fails, and the transaction that it is part of with it. The client stays connected."
              : inTransaction
                ? "What its transaction has changed is undone, and its client is cut off. Most clients connect again."
                : "Its client is cut off. Most clients connect again."}
          </p>
          {session.statement && <StatementText text={session.statement} />}
        </ConfirmDialog>
      )}
    </div>
  );
}
