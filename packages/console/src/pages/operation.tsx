/** In charge of the page of one operation: its steps as they pass, and what came of it. */
import type { OperationInfo } from "@postern/sdk/protocol";
import { duration, words } from "../app/format.ts";
import { isOver, useOperation } from "../app/operations.ts";
import type { PageProps } from "../app/pages.ts";
import { useResource } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { LinkButton } from "../ui/button.tsx";
import { Card, Fact, Facts, PageHead } from "../ui/card.tsx";
import { Icon } from "../ui/icon.tsx";
import { Problem, Shown } from "../ui/states.tsx";
import { Time } from "../ui/text.tsx";
import { Progress, took } from "./operation-list.tsx";

export default function OperationPage({ params }: PageProps) {
  const operation = useResource<OperationInfo>(`/operations/${encodeURIComponent(params.operation!)}`);
  return <Shown of={operation}>{(start) => <Followed key={start.id} start={start} />}</Shown>;
}

const stepIcons = { running: "loader-circle", completed: "circle-check", failed: "circle-alert" } as const;

function Followed({ start }: { start: OperationInfo }) {
  const operation = useOperation(start).value;
  return (
    <div class="page">
      <PageHead
        title={
          <>
            {words(operation.kind)} <StatusBadge status={operation.status} />
          </>
        }
        about={<span class="mono small">{operation.id}</span>}
        actions={
          operation.database_id && (
            <LinkButton icon="database" href={href(`/db/${operation.database_id}`)}>
              Its database
            </LinkButton>
          )
        }
      />
      {operation.error && <Problem problem={operation.error} />}
      <Card>
        <Facts>
          <Fact name="Asked for">
            <Time at={operation.created_at} />
          </Fact>
          <Fact name="Begun">
            <Time at={operation.started_at} fallback="waits" />
          </Fact>
          <Fact name="Took">{took(operation) || "goes on"}</Fact>
        </Facts>
        {!isOver(operation) && <Progress operation={operation} />}
      </Card>
      <Card title="Steps">
        <ol class="steps" aria-live="polite">
          {operation.steps.map((step) => (
            <li key={step.name} class={`step step-${step.status}`}>
              <Icon name={stepIcons[step.status]} size={18} class={step.status === "running" ? "spin" : ""} />
              <span>{words(step.name)}</span>
              <span class="muted small">
                {step.finished_at
                  ? duration(Date.parse(step.finished_at) - Date.parse(step.started_at))
                  : "under way"}
              </span>
            </li>
          ))}
          {operation.steps.length === 0 && <li class="muted">It has not begun.</li>}
        </ol>
      </Card>
      {operation.result != null && (
        <Card title="Result">
          <pre class="json">{JSON.stringify(operation.result, null, 2)}</pre>
        </Card>
      )}
    </div>
  );
}
