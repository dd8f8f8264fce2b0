/** In charge of the page of one request: its statements, when each ran and how long, and what the request changed. */
import type { RequestMutations, RequestTrace, TracedStatement } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { count, milliseconds, moment, plural } from "../app/format.ts";
import type { PageProps } from "../app/pages.ts";
import { useResource } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { MutationList } from "../history/mutation-list.tsx";
import { oneLine } from "../insight/statement-text.tsx";
import { Badge } from "../ui/badge.tsx";
import { LinkButton } from "../ui/button.tsx";
import { Card, Fact, Facts, PageHead } from "../ui/card.tsx";
import { Empty, Notice, Shown } from "../ui/states.tsx";
import { Copyable } from "../ui/text.tsx";

export default function RequestPage({ params }: PageProps) {
  const { id } = useDatabase();
  const path = databasePath(id);
  const request = params.request!;
  const trace = useResource<RequestTrace>(`${path}/traces/${encodeURIComponent(request)}`);
  const changes = useResource<RequestMutations>(`${path}/state/requests/${encodeURIComponent(request)}`);
  const { problem } = trace.state.value;
  return (
    <div class="page">
      <PageHead
        title="Request"
        about={<Copyable text={request} />}
        actions={
          <LinkButton icon="chevron-left" href={href(`/db/${id}/queries?view=requests`)}>
            All requests
          </LinkButton>
        }
      />
      {problem?.code === "Y9013" ? (
        <Notice>
          <p>
            What it asked is not known any more. Of requests that were neither slow nor repeated themselves,
            only the last are.
          </p>
        </Notice>
      ) : (
        <Shown of={trace} lines={6}>
          {(found) => <Trace of={found} />}
        </Shown>
      )}
      <Card title="What it changed" flush>
        {changes.state.value.problem?.code === "Y1069" ? (
          nothing
        ) : (
          <Shown of={changes}>
            {({ mutations }) => <MutationList mutations={mutations} empty={nothing} />}
          </Shown>
        )}
      </Card>
    </div>
  );
}

const nothing = (
  <Empty icon="history" title="Nothing that is logged.">
    <p>Changes through /records are, and all of tables that are tracked.</p>
  </Empty>
);

function Trace({ of: trace }: { of: RequestTrace }) {
  const { statements, n1_warnings: repeated } = trace;
  return (
    <>
      <Card>
        <Facts>
          <Fact name="When">{moment(trace.at, true)}</Fact>
          <Fact name="Took">{milliseconds(trace.duration_ms)}</Fact>
          <Fact name="Statements">{count(trace.statement_count)}</Fact>
          <Fact name="Slow">
            {trace.slow_count > 0 ? <Badge tone="warn">{count(trace.slow_count)}</Badge> : "none"}
          </Fact>
        </Facts>
      </Card>
      {repeated.map(({ fingerprint, table, count: times }) => (
        <Notice key={fingerprint} tone="warn">
          <p>
            <strong>
              N+1: {table} was asked {count(times)} times.
            </strong>{" "}
            Ask once for all of them: <code>where … = any ($1)</code>
          </p>
        </Notice>
      ))}
      <Card
        title="Statements"
        about={
          trace.statement_count > statements.length
            ? `The first ${plural(statements.length, "statement")} of ${count(trace.statement_count)}.`
            : "In their order; the bars show when each ran."
        }
        flush
      >
        <Waterfall statements={statements} start={Date.parse(trace.at)} />
      </Card>
    </>
  );
}

function Waterfall({ statements, start: began }: { statements: readonly TracedStatement[]; start: number }) {
  const { id } = useDatabase();
  const start = Math.min(began, ...statements.map(({ at }) => Date.parse(at)));
  const end = Math.max(start + 1, ...statements.map(({ at, duration_ms: ms }) => Date.parse(at) + ms));
  const part = (ms: number) => (ms / (end - start)) * 100;
  return (
    <div class="table-frame">
      <table class="table" aria-label="Statements of the request">
        <thead>
          <tr>
            <th scope="col" class="grow">
              Statement
            </th>
            <th scope="col" class="from-tablet">
              <span class="waterfall-head">When</span>
            </th>
            <th scope="col" class="align-end from-tablet">
              Rows
            </th>
            <th scope="col" class="align-end">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {statements.map((one, at) => (
            <tr key={at}>
              <td class="grow">
                <div class="stack">
                  <a class="statement-link" href={href(`/db/${id}/queries/${one.fingerprint}`)}>
                    <code class="clamp">{oneLine(one.statement)}</code>
                  </a>
                  {one.error_code && <Badge tone="bad">failed: {one.error_code}</Badge>}
                </div>
              </td>
              <td class="from-tablet">
                <span class={`waterfall ${one.slow ? "waterfall-slow" : ""}`} aria-hidden="true">
                  <span
                    style={{
                      left: `${Math.min(99, part(Date.parse(one.at) - start))}%`,
                      width: `${Math.max(1, part(one.duration_ms))}%`,
                    }}
                  />
                </span>
              </td>
              <td class="align-end from-tablet">{one.rows === null ? "–" : count(one.rows)}</td>
              <td class="align-end nowrap">{milliseconds(one.duration_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
