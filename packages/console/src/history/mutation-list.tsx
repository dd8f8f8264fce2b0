/** In charge of a list of changes: when, by whom, which request, and what each column was and became. */
import type { MutationRecord } from "@postern/sdk/protocol";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useDatabase } from "../app/database-frame.tsx";
import { moment } from "../app/format.ts";
import { href } from "../app/router.ts";
import { requestHref } from "../insight/request-cards.tsx";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Time } from "../ui/text.tsx";
import { ShownValue } from "./shown-value.tsx";

export const historyHref = (database: string, table: string, row?: string | null): string =>
  href(
    `/db/${database}/history?table=${encodeURIComponent(table)}${row == null ? "" : `&id=${encodeURIComponent(row)}`}`,
  );

const tones: Record<MutationRecord["operation"], Tone> = {
  INSERT: "good",
  UPDATE: "busy",
  DELETE: "bad",
  TRUNCATE: "bad",
};

export interface MutationListProps {
  /** In the order in which they are shown. */
  mutations: readonly MutationRecord[];
  empty: ComponentChildren;
  /** Beside each. */
  actions?: (mutation: MutationRecord) => ComponentChildren;
}

export function MutationList({ mutations, empty, actions }: MutationListProps) {
  if (mutations.length === 0) return <>{empty}</>;
  return (
    <ol class="mutations">
      {mutations.map((mutation, at) => (
        <Mutation
          key={`${mutation.at} ${mutation.table} ${mutation.row_id} ${at}`}
          of={mutation}
          actions={actions?.(mutation)}
        />
      ))}
    </ol>
  );
}

function Mutation({ of, actions }: { of: MutationRecord; actions: ComponentChildren }) {
  const { id } = useDatabase();
  return (
    <li class={`mutation mutation-${tones[of.operation]} ${of.rolled_back ? "mutation-undone" : ""}`}>
      <div class="mutation-head">
        <Badge tone={tones[of.operation]}>{of.operation.toLowerCase()}</Badge>
        <a class="table-link mono break" href={historyHref(id, of.table, of.row_id)}>
          {of.table}
          {of.row_id !== null && ` ${of.row_id}`}
        </a>
        {of.rolled_back && <Badge tone="warn">rolled back</Badge>}
        <span class="mutation-by muted small">
          <span title={moment(of.at, true)}>
            <Time at={of.at} />
          </span>{" "}
          by <strong>{of.actor}</strong>
          {of.request_id !== null && (
            <>
              {" "}
              in <a href={requestHref(id, of.request_id)}>request {shortened(of.request_id)}</a>
            </>
          )}
        </span>
        {actions && <span class="mutation-actions">{actions}</span>}
      </div>
      <Columns of={of} />
    </li>
  );
}

const shortened = (id: string): string => (id.length > 14 ? `${id.slice(0, 8)}…` : id);

const fewest = 6;

/** Of an update what it changed; else the whole row. */
function Columns({ of: { operation, old, new: now, changed } }: { of: MutationRecord }) {
  const [whole, setWhole] = useState(false);
  const names = operation === "UPDATE" ? (changed ?? Object.keys(now ?? {})) : Object.keys(now ?? old ?? {});
  if (names.length === 0) return <p class="muted small">No column got another value.</p>;
  const shown = whole ? names : names.slice(0, fewest);
  return (
    <>
      <dl class="diff">
        {shown.map((name) => (
          <div key={name} class="diff-row">
            <dt>{name}</dt>
            <dd>
              {operation !== "INSERT" && (
                <del>
                  <ShownValue value={old?.[name]} />
                </del>
              )}
              {operation === "UPDATE" && (
                <span class="diff-arrow" aria-hidden="true">
                  →
                </span>
              )}
              {operation !== "DELETE" && (
                <ins>
                  <ShownValue value={now?.[name]} />
                </ins>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {names.length > fewest && (
        <Button small kind="quiet" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "Fewer columns" : `All ${names.length} columns`}
        </Button>
      )}
    </>
  );
}
