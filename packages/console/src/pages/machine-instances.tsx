/** In charge of the servers that somebody else runs: how they are, how far away, and how full. For administrators. */
import type { RegisteredInstance } from "@postern/sdk/protocol";
import { session } from "../app/api.ts";
import { count, milliseconds, plural } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable, Time } from "../ui/text.tsx";

export function MachineInstances() {
  const isAdmin = session.value?.account.role === "admin";
  const instances = useResource<RegisteredInstance[]>(isAdmin ? "/admin/managed-db/instances" : null, {
    everyMs: 10_000,
  });
  if (!isAdmin) return null;
  return (
    <Card
      title="Registered instances"
      about="Postgres servers that somebody else runs and that databases are placed on."
      flush
    >
      <Shown of={instances} lines={3}>
        {(rows) => (
          <Table
            label="Registered instances"
            columns={columns}
            rows={rows}
            keyOf={({ id }) => id}
            empty={
              <Empty icon="server" title="No instance is registered.">
                <p>Any Postgres that can be reached will do:</p>
                <Copyable text="postern admin instance register --name NAME --dsn-file FILE" />
              </Empty>
            }
          />
        )}
      </Shown>
    </Card>
  );
}

const labelsOf = ({ labels, classes }: RegisteredInstance): string =>
  [...classes, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)].join(" · ");

const columns: readonly Column<RegisteredInstance>[] = [
  {
    name: "Instance",
    grow: true,
    render: (one) => (
      <div class="name-cell">
        <span class="strong">{one.name}</span>
        <span class="muted small mono break">{one.hosts.join(", ")}</span>
        {labelsOf(one) && <span class="muted small break">{labelsOf(one)}</span>}
        {one.reason && <span class="bad-text small break">{one.reason}</span>}
        {one.warnings.length > 0 && (
          <details class="fold small">
            <summary>{plural(one.warnings.length, "thing")} to know</summary>
            {one.warnings.map((warning) => (
              <p key={warning} class="break">
                {warning}
              </p>
            ))}
          </details>
        )}
      </div>
    ),
  },
  {
    name: "State",
    render: ({ status, since }) => (
      <div class="name-cell">
        <StatusBadge status={status} />
        <span class="muted small from-tablet">
          <Time at={since} />
        </span>
      </div>
    ),
  },
  {
    name: "Databases",
    align: "end",
    render: ({ databases, capacity }) => (
      <>
        {count(databases)}
        {capacity !== null && <span class="muted"> of {count(capacity)}</span>}
      </>
    ),
  },
  {
    name: "Round trip",
    align: "end",
    from: "tablet",
    render: ({ latency_ms: latency }) => (latency === null ? "–" : milliseconds(latency)),
  },
  {
    name: "Connections",
    align: "end",
    from: "desktop",
    render: ({ promised_connections: promised, max_connections: most }) => (
      <>
        {count(promised)} <span class="muted">of {count(most)}</span>
      </>
    ),
  },
  { name: "Postgres", align: "end", from: "desktop", render: ({ version }) => version },
];
