/** In charge of what the daemon says of itself. */
import type { ControlPlaneInfo, DaemonStatus, ServiceState } from "@postern/sdk/protocol";
import { backupWarnings, surveyBackups } from "../backups/survey-backups.ts";
import { type DiskSpace, readDiskSpace } from "../base/disk-space.ts";
import type { ControlPlaneId } from "../base/id.ts";
import { bracketed, isLoopback } from "../base/listen.ts";
import { covers } from "../base/read-certificate.ts";
import type { Platform } from "../instances/platform.ts";
import { listArchivedServers } from "../state/archives.ts";
import { type ControlPlaneRow, listControlPlanes } from "../state/control-planes.ts";
import { countDatabases, listTooLarge } from "../state/databases.ts";
import { listRegistered } from "../state/registered-instances.ts";

export interface DaemonFacts {
  version: string;
  startedAt: Date;
  /** Its place among several, where there are. */
  control?: { readonly id: ControlPlaneId };
}

export async function describeDaemon(platform: Platform, facts: DaemonFacts): Promise<DaemonStatus> {
  const { config, ports, toolchain, address } = platform;
  const host = bracketed(address.host);
  const services = platform.supervisor
    .list()
    .map(({ name, status, pid, detail }) => ({ name, status, pid, detail }));
  const disk = await readDiskSpace(config.home, config.diskReserveBytes);
  const planes = config.sharedState === null ? [] : await listControlPlanes(platform.state);
  const troubled = services.filter((service) => service.status !== "running");
  return {
    status: troubled.length === 0 ? "ready" : "degraded",
    version: facts.version,
    pid: process.pid,
    home: config.home,
    started_at: facts.startedAt.toISOString(),
    api_url: apiUrl(platform),
    pool_address: `${host}:${ports.pool}`,
    direct_address: `${host}:${ports.direct}`,
    listen: describeListen(platform),
    toolchain: {
      directory: toolchain.directory,
      postgres: toolchain.postgresVersion,
      pgbouncer: toolchain.pgbouncerVersion,
      pgbackrest: toolchain.pgbackrest?.version ?? null,
    },
    sandbox: {
      mode: config.sandbox,
      available: platform.sandbox.sandbox !== null,
      reason: platform.sandbox.reason,
    },
    services,
    control_planes: planes.map((plane) => describeControlPlane(plane, facts.control?.id)),
    workers: config.workers,
    databases: await countDatabases(platform.state),
    disk: {
      total_bytes: disk.totalBytes,
      free_bytes: disk.freeBytes,
      reserve_bytes: disk.reserveBytes,
    },
    warnings: [
      ...troubled.map(describeTrouble),
      ...listenWarnings(platform),
      ...diskWarnings(disk),
      ...(await sizeWarnings(platform)),
      ...backupWarnings(await surveyBackups(platform)),
      ...(await archiveWarnings(platform)),
      ...(await instanceWarnings(platform)),
      ...controlWarnings(platform, planes),
    ],
  };
}

export async function describeControlPlanes(
  { config, state }: Pick<Platform, "config" | "state">,
  { control }: Pick<DaemonFacts, "control">,
): Promise<ControlPlaneInfo[]> {
  const planes = config.sharedState === null ? [] : await listControlPlanes(state);
  return planes.map((plane) => describeControlPlane(plane, control?.id));
}

/** See background-services.ts. */
const leadersDuties = [
  "scheduled backups",
  "trial restores",
  "retention",
  "health of instances",
  "figures",
  "sweeping",
];

const describeControlPlane = (
  {
    id,
    name,
    version,
    address,
    leads,
    operations,
    started_at,
    heartbeat_at,
    gone_at,
    silent_ms,
  }: ControlPlaneRow,
  own: ControlPlaneId | undefined,
): ControlPlaneInfo => ({
  status: gone_at === null ? (silent_ms > silentMs ? "silent" : "up") : "gone",
  id,
  name,
  version,
  address,
  leads,
  duties: leads ? leadersDuties : [],
  operations,
  is_this: id === own,
  started_at: started_at.toISOString(),
  last_seen_at: heartbeat_at.toISOString(),
});

const silentMs = 3_000;

function controlWarnings({ config }: Platform, planes: readonly ControlPlaneRow[]): string[] {
  if (config.sharedState === null) return [];
  const silent = planes.filter(({ silent_ms }) => silent_ms > silentMs);
  const there = planes.filter(({ gone_at }) => gone_at === null);
  const versions = [...new Set(there.map(({ version }) => version))];
  return [
    ...(there.length > 1
      ? []
      : [
          "This is the only control plane that is up: nothing takes over should it end. Start another with the same POSTERN_STATE_URL.",
        ]),
    ...silent.map(
      ({ name, address, heartbeat_at }) =>
        `Control plane ${name} (${address}) has given no sign of life since ${heartbeat_at.toISOString()}.`,
    ),
    ...(versions.length > 1 ? [`The control planes are of several versions: ${versions.join(", ")}.`] : []),
    ...(config.s3 === null && !config.sharedState.sharesBackups
      ? [
          "There is no place for backups that every control plane reaches, so none are made: set POSTERN_BACKUP_STORE=s3://…",
        ]
      : []),
  ];
}

export const apiUrl = ({ address, ports }: Pick<Platform, "address" | "ports">): string =>
  `${address.isEncrypted ? "https" : "http"}://${bracketed(address.host)}:${ports.http}`;

const describeTrouble = ({ name, status, detail }: ServiceState): string =>
  `${name} is ${status}${detail === null ? "" : `: ${detail}`}`;

const describeListen = ({ config, certificate }: Platform): DaemonStatus["listen"] => ({
  address: config.listen,
  exposed: !isLoopback(config.listen),
  certificate: certificate && {
    names: certificate.current.names,
    expires_at: certificate.current.expiresAt.toISOString(),
  },
});

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GB`;

const diskWarnings = ({ freeBytes, reserveBytes }: DiskSpace): string[] =>
  freeBytes >= reserveBytes
    ? []
    : [
        `The disk has ${gigabytes(freeBytes)} free, less than the reserve of ${gigabytes(reserveBytes)}: nothing new begins until there is more. Databases go on running.`,
      ];

async function sizeWarnings({ state }: Platform): Promise<string[]> {
  const large = await listTooLarge(state);
  return large.map(
    ({ name, size_bytes, storage_limit_bytes }) =>
      `Database ${name} holds ${gigabytes(Number(size_bytes))}, more than the ${gigabytes(Number(storage_limit_bytes))} of its class.`,
  );
}

/** Archives that are wanted and out of order. */
async function archiveWarnings(platform: Platform): Promise<string[]> {
  const servers = await listArchivedServers(platform.state);
  return servers.flatMap(({ instance_id, problem }) =>
    problem === null
      ? []
      : [`The archive of ${instance_id} is out of order: ${problem.message} ${problem.detail ?? ""}`.trim()],
  );
}

/** Registered servers that are not well. */
async function instanceWarnings({ state }: Platform): Promise<string[]> {
  const unwell = (await listRegistered(state)).filter(({ health }) => health !== "healthy");
  return unwell.map(
    ({ name, health, health_reason, health_since, databases }) =>
      `Instance ${name} is ${health.replace("_", "-")} since ${health_since.toISOString()}: ${health_reason ?? "no reason is known"}. ${databases} databases are on it.`,
  );
}

const expiryWarningMs = 14 * 86_400_000;

function listenWarnings({ config, address, certificate, clock }: Platform): string[] {
  if (certificate === null) {
    return isLoopback(config.listen)
      ? []
      : [`Other machines reach ${config.listen} without encryption, because --insecure was said.`];
  }
  const warnings: string[] = [];
  const { current } = certificate;
  if (current.expiresAt.getTime() - clock.now().getTime() < expiryWarningMs)
    warnings.push(`The certificate expires at ${current.expiresAt.toISOString()}; renew its files.`);
  if (!covers(current, address.host))
    warnings.push(`The certificate does not cover ${address.host}: clients that check it will refuse it.`);
  if (!covers(current, `db-000000000000.${config.domain}`))
    warnings.push(`The certificate does not cover the databases' own hosts: it lacks *.${config.domain}.`);
  return warnings;
}
