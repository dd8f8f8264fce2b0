/** In charge of one row as it is now, column by column: who wrote each last, and what was tried and undone. */
import type { ColumnBlame, StateBlame } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { useResource } from "../app/resource.ts";
import { requestHref } from "../insight/request-cards.tsx";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Time } from "../ui/text.tsx";
import { ShownValue } from "./shown-value.tsx";

export function RowBlame({ table, row }: { table: string; row: string }) {
  const { id } = useDatabase();
  const question = `table=${encodeURIComponent(table)}&id=${encodeURIComponent(row)}`;
  const blame = useResource<StateBlame>(`${databasePath(id)}/state/blame?${question}`, { everyMs: 10_000 });
  if (blame.state.value.problem?.code === "Y1069")
    return (
      <Card flush>
        <Empty icon="search" title={`No row ${row} of ${table} is known.`}>
          <p>It is not there, and nothing was logged of one.</p>
        </Empty>
      </Card>
    );
  return (
    <Shown of={blame} lines={4}>
      {({ exists, columns: found }) => (
        <Card
          title={
            <span class="title-line">
              <span class="mono break">
                {table} {row}
              </span>
              {!exists && <Badge tone="bad">gone</Badge>}
            </span>
          }
          about={
            exists ? "As it is, and who wrote each column last." : "The row is gone. This is what it was."
          }
          flush
        >
          <Table
            label="Columns of the row"
            columns={columns(id)}
            rows={found}
            keyOf={({ column }) => column}
            empty={<Empty icon="search" title="No such row is known." />}
          />
        </Card>
      )}
    </Shown>
  );
}

const columns = (database: string): readonly Column<ColumnBlame>[] => [
  { name: "Column", render: ({ column }) => <span class="mono clip">{column}</span> },
  {
    name: "Value",
    grow: true,
    render: ({ value, rolled_back: undone }) => (
      <div class="stack">
        <ShownValue value={value} />
        {undone && (
          <span class="muted small">
            <Badge tone="warn">rolled back</Badge> <ShownValue value={undone.value} /> by {undone.actor},{" "}
            <Time at={undone.at} />
          </span>
        )}
      </div>
    ),
  },
  { name: "By", render: ({ actor }) => <span class="clip">{actor ?? <span class="muted">–</span>}</span> },
  {
    name: "When",
    from: "tablet",
    render: ({ at }) => (
      <span class="nowrap">
        <Time at={at} fallback="before the log" />
      </span>
    ),
  },
  {
    name: "Request",
    from: "desktop",
    render: ({ request_id: request }) =>
      request === null ? (
        <span class="muted">–</span>
      ) : (
        <a class="mono small nowrap" href={requestHref(database, request)}>
          {request.length > 18 ? `${request.slice(0, 8)}…` : request}
        </a>
      ),
  },
];
