/** In charge of bringing a row back to what it was at a moment: first what that would change, then the change. */
import type { RestoredRow, RestoreRowRequest } from "@postern/sdk/protocol";
import { useEffect, useState } from "preact/hooks";
import { ask, problemOf } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { moment } from "../app/format.ts";
import { invalidate } from "../app/resource.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Notice, Problem, Skeleton } from "../ui/states.tsx";
import { ShownValue } from "./shown-value.tsx";

export function RestoreRowDialog({ of, onClose }: { of: RestoreRowRequest; onClose: () => void }) {
  const { id } = useDatabase();
  const path = `${databasePath(id)}/state`;
  const [planned, setPlanned] = useState<RestoredRow>();
  const [problem, setProblem] = useState<ReturnType<typeof problemOf>>();
  const change = useChange();
  const restore = (write: boolean) =>
    ask<RestoredRow>(`${path}/restore`, { method: "POST", body: { ...of, write } });
  // Even the preview is a request that could change something: a locked session is asked first.
  useEffect(() => {
    change
      .run(() => restore(false).catch((error: unknown) => setProblem(problemOf(error))))
      .then(
        (found) => (found ? setPlanned(found) : undefined),
        () => {},
      );
  }, []);
  const write = async () => {
    if (!(await change.run(() => restore(true)))) return;
    invalidate(path);
    onClose();
  };
  const nothing = planned?.action === "none";
  return (
    <ConfirmDialog
      title={`${of.table} ${of.id}, as of ${moment(of.at, true)}`}
      action={nothing ? "Close" : "Bring it back"}
      danger={false}
      change={change}
      onConfirm={() => (nothing || !planned ? onClose() : void write())}
      onClose={onClose}
    >
      {problem && <Problem problem={problem} />}
      {!planned && !problem && !change.problem && <Skeleton lines={3} />}
      {nothing && <p>It is just as it was then. Nothing is to be changed.</p>}
      {planned && !nothing && (
        <>
          <p>{sentences[planned.action]}</p>
          <dl class="diff">
            {planned.changes.map(({ column, from, to }) => (
              <div key={column} class="diff-row">
                <dt>{column}</dt>
                <dd>
                  {planned.action !== "insert" && (
                    <del>
                      <ShownValue value={from} />
                    </del>
                  )}
                  {planned.action === "update" && <span class="diff-arrow">→</span>}
                  {planned.action !== "delete" && (
                    <ins>
                      <ShownValue value={to} />
                    </ins>
                  )}
                </dd>
              </div>
            ))}
          </dl>
          {planned.left_out.map(({ column, reason }) => (
            <Notice key={column} tone="warn">
              <p>
                <strong>{column}</strong> stays as it is: {reason}
              </p>
            </Notice>
          ))}
        </>
      )}
    </ConfirmDialog>
  );
}

const sentences: Record<RestoredRow["action"], string> = {
  insert: "The row is gone. It is written again, as it was:",
  update: "These columns become again what they were:",
  delete: "There was no such row at that moment. It is deleted:",
  none: "",
};
