/** In charge of the page of the whole machine: what runs, how full its disk is, which versions it has. */
import type { DaemonStatus, ServiceState } from "@postern/sdk/protocol";
import { bytes, count, plural } from "../app/format.ts";
import { describeSandbox, whySandboxed } from "../app/place.ts";
import { useResource } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { Addresses } from "../ui/addresses.tsx";
import { Badge, StatusBadge, toneOf } from "../ui/badge.tsx";
import { Card, Fact, Facts, PageHead } from "../ui/card.tsx";
import { Notice, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Meter, Time } from "../ui/text.tsx";
import { MachineDatabases } from "./machine-databases.tsx";
import { MachineInstances } from "./machine-instances.tsx";

const columns: readonly Column<ServiceState>[] = [
  {
    name: "Server",
    grow: true,
    render: ({ name, detail }) => (
      <div class="name-cell">
        <span class="strong">{name}</span>
        {detail && <span class="muted small break">{detail}</span>}
      </div>
    ),
  },
  {
    name: "Process",
    from: "tablet",
    align: "end",
    render: ({ pid }) => <span class="mono small">{pid ?? "–"}</span>,
  },
  {
    name: "State",
    render: ({ status }) => (
      <Badge tone={status === "running" ? "good" : toneOf(status)} dot>
        {status}
      </Badge>
    ),
  },
];

export default function MachinePage() {
  const status = useResource<DaemonStatus>("/status", { everyMs: 10_000 });
  return (
    <div class="page">
      <Shown of={status} lines={8}>
        {(state) => <Machine status={state} />}
      </Shown>
    </div>
  );
}

function Machine({ status }: { status: DaemonStatus }) {
  const { disk, databases, toolchain, listen } = status;
  const used = disk.total_bytes - disk.free_bytes;
  return (
    <>
      <PageHead
        title={
          <>
            Machine <StatusBadge status={status.status} />
          </>
        }
        about={
          <>
            Postern {status.version}, started <Time at={status.started_at} />
          </>
        }
      />
      {status.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p class="break">{warning}</p>
        </Notice>
      ))}
      <Card>
        <Facts>
          <Fact name="Databases">
            <a href={href("/")}>{plural(databases.total, "database")}</a>
            <div class="muted small">{count(databases.ready)} ready</div>
          </Fact>
          <Fact name="Disk">
            {bytes(disk.free_bytes)} free <span class="muted nowrap">of {bytes(disk.total_bytes)}</span>
            <Meter value={used} total={disk.total_bytes} label="Share of the disk that is used" />
          </Fact>
          <Fact name="Postgres">
            {toolchain.postgres}
            <div class="muted small">PgBouncer {toolchain.pgbouncer}</div>
            <div class="muted small">
              {toolchain.pgbackrest
                ? `pgBackRest ${toolchain.pgbackrest}`
                : "no pgBackRest: no point-in-time recovery"}
            </div>
          </Fact>
          <Fact name="Sandbox">
            {describeSandbox(status)}
            {whySandboxed(status) && <div class="muted small break">{whySandboxed(status)}</div>}
          </Fact>
          <Fact name="Workers">
            {status.workers}
            <div class="muted small">{status.workers === 1 ? "process answers" : "processes answer"} SQL</div>
          </Fact>
          <Fact name="Open to">
            {listen.exposed ? "other machines, too" : "this machine only"}
            <div class="muted small">
              {listen.certificate ? (
                <>
                  certificate ends <Time at={listen.certificate.expires_at} />
                </>
              ) : (
                "without a certificate"
              )}
            </div>
          </Fact>
        </Facts>
      </Card>
      <MachineDatabases />
      <Card title="Servers" about="Postgres and the pooler; the daemon keeps each of them up." flush>
        <Table label="Servers" columns={columns} rows={status.services} keyOf={({ name }) => name} />
      </Card>
      <MachineInstances />
      <Card title="Addresses">
        <Addresses
          of={[
            ["API", status.api_url],
            ["Pooled", status.pool_address],
            ["Direct", status.direct_address],
            ["Home", status.home],
          ]}
        />
      </Card>
    </>
  );
}
