/** In charge of advice on indexes: what would gain, what it costs now and then, and making it. */
import type { DatabaseAdvice, IndexAdviceInfo, QueryResult } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { send } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { useDatabase } from "../app/database-frame.tsx";
import { bytes, count, milliseconds, plural } from "../app/format.ts";
import type { Resource } from "../app/resource.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { Copyable } from "../ui/text.tsx";
import { StatementText } from "./statement-text.tsx";

export function AdviceCard({ advice }: { advice: Resource<DatabaseAdvice> }) {
  return (
    <Shown of={advice} lines={5}>
      {({ awake, statements, indexes }) =>
        indexes.length === 0 ? (
          <Card flush>
            {awake ? (
              <Empty icon="circle-check" title="No index is missing, and none is there for nothing.">
                <p>Judged by {plural(statements, "statement")} of the last week.</p>
              </Empty>
            ) : (
              <Empty icon="moon" title="It sleeps.">
                <p>It is not woken to be looked at.</p>
              </Empty>
            )}
          </Card>
        ) : (
          <div class="page">
            {indexes.map((one) => (
              <Advice key={one.run} of={one} onDone={() => void advice.refresh()} />
            ))}
          </div>
        )
      }
    </Shown>
  );
}

const kinds = {
  missing_index: ["Missing index", "warn"],
  unused_index: ["Unused index", "quiet"],
  duplicate_index: ["Twice the same", "quiet"],
  invalid_index: ["Broken index", "bad"],
} as const;

export function Advice({ of: one, onDone }: { of: IndexAdviceInfo; onDone: () => void }) {
  const [title, tone] = kinds[one.kind];
  const isMissing = one.kind === "missing_index";
  return (
    <Card
      title={
        <span class="title-line">
          <span class="mono break">
            {isMissing ? `${one.table} (${one.columns.join(", ")})` : `${one.index} on ${one.table}`}
          </span>
          <Badge tone={tone}>{title}</Badge>
        </span>
      }
      about={
        isMissing
          ? `${capital(one.reason)}: ${plural(one.calls, "run")}, ${milliseconds(one.total_ms)} in all.`
          : `${capital(one.reason)}${one.size_bytes === null ? "" : `; it takes ${bytes(one.size_bytes)}`}.`
      }
      actions={<RunIt of={one} onDone={onDone} />}
    >
      <Gain of={one} />
      <Copyable text={one.run} />
      {one.statements.length > 0 && (
        <details class="fold">
          <summary>{plural(one.statements.length, "statement")} would gain</summary>
          {one.statements.map((statement) => (
            <StatementText key={statement} text={statement} />
          ))}
        </details>
      )}
    </Card>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What the statement that gains most costs by Postgres's own reckoning. */
function Gain({
  of: { cost_before: before, cost_after: exact, cost_after_guess: guess },
}: {
  of: IndexAdviceInfo;
}) {
  const after = exact ?? guess;
  if (before === null || after === null) return null;
  const factor = before / Math.max(after, 0.01);
  return (
    <dl class="gain">
      {(
        [
          ["Cost now", before],
          [exact === null ? "With it, about" : "With it", after],
        ] as const
      ).map(([name, value], at) => (
        <div key={name} class={`gain-row ${at === 1 ? "gain-after" : ""}`}>
          <dt>{name}</dt>
          <dd>
            <span class="gain-bar" aria-hidden="true">
              <span style={{ width: `${Math.max(0.6, (value / before) * 100)}%` }} />
            </span>
            <span class="gain-value">{count(Math.round(value))}</span>
            {at === 1 && factor >= 1.5 && (
              <strong class="good-text nowrap">{count(Math.round(factor))}× cheaper</strong>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function RunIt({ of: one, onDone }: { of: IndexAdviceInfo; onDone: () => void }) {
  const database = useDatabase();
  const [asking, setAsking] = useState(false);
  const change = useChange();
  const makes = one.kind === "missing_index";
  const run = async () => {
    const done = await change.run(async () => {
      const path = `/console/v1/db/${database.id}/query`;
      const response = await send(path, { method: "POST", body: { sql: one.run } });
      return (await response.json()) as QueryResult;
    });
    if (!done) return;
    setAsking(false);
    onDone();
  };
  return (
    <>
      <Button small kind={makes ? "primary" : "plain"} onClick={() => setAsking(true)}>
        {makes ? "Make it" : "Drop it"}
      </Button>
      {asking && (
        <ConfirmDialog
          title={makes ? "Make this index?" : "Drop this index?"}
          action={makes ? "Make it" : "Drop it"}
          danger={!makes}
          change={change}
          onConfirm={() => void run()}
          onClose={() => {
            change.clear();
            setAsking(false);
          }}
        >
          <StatementText text={one.run} />
          <p>
            {makes
              ? "Writes go on meanwhile. On a large table it may take longer than a statement may here; then run it at the command line. So that other environments have it as well, put it into a migration."
              : "So that other environments lose it as well, put it into a migration."}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
