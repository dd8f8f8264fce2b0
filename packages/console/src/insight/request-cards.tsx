/** In charge of the lists of requests that were remarkable, and of statements that single requests ask again and again. */
import type { NPlusOneInfo, RequestTrace } from "@postern/sdk/protocol";
import { useDatabase } from "../app/database-frame.tsx";
import { count, milliseconds } from "../app/format.ts";
import type { Resource } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/text.tsx";
import { oneLine } from "./statement-text.tsx";

export const requestHref = (database: string, request: string): string =>
  href(`/db/${database}/requests/${encodeURIComponent(request)}`);

export function NPlusOneCard({ repeated }: { repeated: Resource<NPlusOneInfo[]> }) {
  const { id } = useDatabase();
  const columns: readonly Column<NPlusOneInfo>[] = [
    {
      name: "Statement",
      grow: true,
      render: ({ fingerprint, statement, table, count: most }) => (
        <div class="stack">
          <span>
            <strong class="mono">{table}</strong> asked {count(most)} times in one request
          </span>
          <a class="statement-link" href={href(`/db/${id}/queries/${fingerprint}`)}>
            <code class="clamp">{oneLine(statement)}</code>
          </a>
          <span class="muted small">
            Ask once for all of them: <code>where … = any ($1)</code>
          </span>
        </div>
      ),
    },
    { name: "Requests", align: "end", from: "tablet", render: ({ requests }) => count(requests) },
    {
      name: "Last",
      from: "desktop",
      render: ({ last_at }) => <Time at={last_at} />,
    },
    {
      name: "Example",
      align: "end",
      render: ({ last_request_id: request }) => <a href={requestHref(id, request)}>Last request</a>,
    },
  ];
  return (
    <Card flush>
      <Shown of={repeated} lines={5}>
        {(rows) => (
          <Table
            label="Statements asked again and again"
            columns={columns}
            rows={rows}
            keyOf={({ fingerprint }) => fingerprint}
            empty={
              <Empty icon="circle-check" title="No request asks the same again and again.">
                <p>
                  Requests over HTTP are told apart by their <code>x-request-id</code>.
                </p>
              </Empty>
            }
          />
        )}
      </Shown>
    </Card>
  );
}

export function RequestsCard({ requests }: { requests: Resource<RequestTrace[]> }) {
  const { id } = useDatabase();
  const columns: readonly Column<RequestTrace>[] = [
    {
      name: "Request",
      grow: true,
      render: ({ request_id: request, n1_warnings: repeated, slow_count: slow }) => (
        <div class="stack">
          <a class="table-link mono break" href={requestHref(id, request)}>
            {request}
          </a>
          <span class="badges">
            {slow > 0 && <Badge tone="warn">{count(slow)} slow</Badge>}
            {repeated.map(({ table, count: times }) => (
              <Badge key={table} tone="bad">
                {table} × {count(times)}
              </Badge>
            ))}
          </span>
        </div>
      ),
    },
    { name: "Statements", align: "end", from: "tablet", render: (row) => count(row.statement_count) },
    {
      name: "Took",
      align: "end",
      render: (row) => <span class="nowrap">{milliseconds(row.duration_ms)}</span>,
    },
    { name: "When", align: "end", from: "tablet", render: ({ at }) => <Time at={at} /> },
  ];
  return (
    <Card flush>
      <Shown of={requests} lines={6}>
        {(rows) => (
          <Table
            label="Requests"
            columns={columns}
            rows={rows}
            keyOf={({ request_id }) => request_id}
            empty={
              <Empty icon="circle-check" title="No request was remarkable.">
                <p>Those over HTTP are kept that were slow, or asked the same again and again.</p>
              </Empty>
            }
          />
        )}
      </Shown>
    </Card>
  );
}
