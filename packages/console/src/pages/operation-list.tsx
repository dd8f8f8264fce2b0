/** In charge of lists of operations: each as it is now, its step and how far it is; what runs is followed as it goes. */
import type { OperationInfo } from "@postern/sdk/protocol";
import { count, duration, words } from "../app/format.ts";
import { isOver, useOperation } from "../app/operations.ts";
import { useResource } from "../app/resource.ts";
import { href, searchParams } from "../app/router.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { LeafOlder } from "../ui/pager.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { Meter, Time } from "../ui/text.tsx";

const perPage = 100;

/** Paged by the server; what changes comes over the stream, so it is asked for again seldom. */
export function OperationPages({ database }: { database?: string }) {
  const before = searchParams.value.get("before");
  const question = new URLSearchParams({ limit: String(perPage) });
  if (database !== undefined) question.set("database", database);
  if (before) question.set("before", before);
  const operations = useResource<OperationInfo[]>(`/operations?${question}`, { everyMs: 30_000 });
  const list = operations.state.value.value;
  return (
    <>
      <Card flush>
        <Shown of={operations} lines={8}>
          {(shown) => <OperationList operations={shown} />}
        </Shown>
      </Card>
      <LeafOlder before={before} last={list?.length === perPage ? list.at(-1)!.id : undefined} />
    </>
  );
}

function OperationList({ operations }: { operations: readonly OperationInfo[] }) {
  if (operations.length === 0)
    return (
      <Empty icon="list-checks" title="Nothing has run yet.">
        <p>Backups, restores, migrations and other long work are listed here with their steps.</p>
      </Empty>
    );
  return (
    <ul class="operations" aria-label="Operations">
      {operations.map((operation) => (
        <OperationItem key={`${operation.id} ${operation.status}`} start={operation} />
      ))}
    </ul>
  );
}

function OperationItem({ start }: { start: OperationInfo }) {
  const operation = useOperation(start).value;
  const step = operation.steps.findLast(({ status }) => status === "running");
  return (
    <li class="operation">
      <div class="operation-main">
        <a class="table-link" href={href(`/operations/${operation.id}`)}>
          {words(operation.kind)}
        </a>
        <span class="muted small mono">{operation.database_id ?? operation.id}</span>
      </div>
      <div class="operation-now">
        {step && <span class="small">{words(step.name)}…</span>}
        {operation.error && <span class="small bad-text">{operation.error.message}</span>}
        {!isOver(operation) && <Progress operation={operation} />}
      </div>
      <span class="muted small nowrap from-tablet">{took(operation)}</span>
      <span class="small nowrap">
        <Time at={operation.created_at} />
      </span>
      <StatusBadge status={operation.status} />
    </li>
  );
}

export function took({
  started_at: from,
  finished_at: to,
}: Pick<OperationInfo, "started_at" | "finished_at">): string {
  if (!from) return "";
  return to ? duration(Date.parse(to) - Date.parse(from)) : "";
}

export function Progress({ operation: { progress } }: { operation: OperationInfo }) {
  if (!progress) return null;
  const { done, total, unit } = progress;
  return (
    <span class="progress">
      {total !== null && <Meter value={done} total={total} label="How far it is" warnAt={2} />}
      <span class="muted small nowrap">
        {count(done)}
        {total !== null && ` of ${count(total)}`} {unit}
      </span>
    </span>
  );
}
