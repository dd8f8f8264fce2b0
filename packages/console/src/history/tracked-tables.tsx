/** In charge of which tables' changes are logged, whatever way they come in. */
import type { TrackedTable } from "@postern/sdk/protocol";
import { ask } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { invalidate } from "../app/resource.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Problem } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { historyHref } from "./mutation-list.tsx";

export function TrackedTables({ tables }: { tables: readonly TrackedTable[] }) {
  const { id } = useDatabase();
  const columns: readonly Column<TrackedTable>[] = [
    {
      name: "Table",
      grow: true,
      render: ({ table, masked }) => (
        <div class="stack">
          <a class="table-link mono clip" href={historyHref(id, table)}>
            {table}
          </a>
          {masked.length > 0 && <span class="muted small">values not kept: {masked.join(", ")}</span>}
        </div>
      ),
    },
    {
      name: "Logged",
      render: ({ captures }) =>
        captures === "all" ? (
          <Badge tone="good" dot>
            every change
          </Badge>
        ) : (
          <Badge>/records only</Badge>
        ),
    },
    { name: "Actions", hideName: true, align: "end", render: (row) => <Track of={row} /> },
  ];
  return <Table label="Tables" columns={columns} rows={tables} keyOf={({ table }) => table} />;
}

function Track({ of: { table, captures } }: { of: TrackedTable }) {
  const { id } = useDatabase();
  const path = `${databasePath(id)}/state/tables`;
  const change = useChange();
  const run = () =>
    change.run(async () => {
      if (captures === "all") await ask(`${path}?table=${encodeURIComponent(table)}`, { method: "DELETE" });
      else await ask(path, { method: "PUT", body: { table } });
      invalidate(`${databasePath(id)}/state`);
    });
  return (
    <div class="row-actions">
      <Button
        small
        kind={captures === "all" ? "quiet" : "plain"}
        busy={change.busy}
        onClick={() => void run()}
      >
        {captures === "all" ? "Log less" : "Log all"}
      </Button>
      {change.problem && <Problem problem={change.problem} />}
    </div>
  );
}
