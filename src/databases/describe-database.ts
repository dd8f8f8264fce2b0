/** In charge of what can be said of a database. */
import type { DatabaseInfo, DatabaseStatus } from "@postern/sdk/protocol";
import pg from "pg";
import { sleep } from "../base/clock.ts";
import { messageOf, posternError } from "../base/error.ts";
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { checkHealth } from "../instances/registered/check-health.ts";
import { statusOf } from "../instances/registered/describe-registered.ts";
import { findAccountById } from "../state/accounts.ts";
import { lastCompletedBackupAt } from "../state/backups.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { type DatabaseEnvironment, listEnvironmentsOfDatabases } from "../state/environment-services.ts";
import { findInstance } from "../state/instances.ts";
import type { RegisteredRow } from "../state/registered-instances.ts";
import { describeMachine } from "./describe-machine.ts";
import { describeSandbox } from "./describe-sandbox.ts";
import { databaseHost, databaseHttpUrl, placeOf } from "./describe-urls.ts";
import { pauseAfterOf } from "./pause-rules.ts";

/** All of it, with what only the server can tell; the database is asked, so `healthy` is a fact. */
export async function describeDatabase(platform: Platform, row: DatabaseRow): Promise<DatabaseInfo> {
  const live = row.status === "ready" && row.paused_at === null ? await askServer(platform, row) : undefined;
  // What a registered server is now is known better than what was noted of it a while ago.
  if (row.isolation === "external" && live?.healthy === false) await lookAgain(platform, row);
  const info = await describeRow(platform, row);
  if (!live) return info;
  const machine =
    row.isolation === "microvm" ? await describeMachine(platform, row, live.problem) : undefined;
  const size = live.sizeBytes ?? info.size_bytes;
  return {
    ...info,
    size_bytes: size,
    connections: live.connections,
    sandbox: await describeSandbox(platform, row),
    healthy: live.healthy,
    ...(live.problem === undefined
      ? { warnings: warningsOf(row, size, machine) }
      : { warnings: problemsOf(info, row, size, machine ?? live.problem) }),
    ...(row.isolation === "microvm" && !live.healthy && { status: "unreachable" as const }),
  };
}

/** What the row tells, for lists: no server is asked. */
export async function describeRow(platform: Platform, row: DatabaseRow): Promise<DatabaseInfo> {
  const [account, lastBackup, instance, environments, registered] = await Promise.all([
    findAccountById(platform.state, row.account_id),
    lastCompletedBackupAt(platform.state, row.id),
    row.instance_id === null ? undefined : findInstance(platform.state, row.instance_id),
    listEnvironmentsOfDatabases(platform.state, [row.id]),
    placeOf(platform, row),
  ]);
  return renderRow(platform, row, {
    environment: environments.get(row.id),
    owner: account!.username,
    lastBackup,
    registered,
    version: instance?.version ?? platform.toolchain.postgresVersion,
  });
}

export function renderRow(
  platform: Platform,
  row: DatabaseRow,
  joined: {
    owner: string;
    lastBackup: Date | null;
    version: string;
    /** The registered instance that it is on. */
    registered: RegisteredRow | undefined;
    environment: DatabaseEnvironment | undefined;
  },
): DatabaseInfo {
  const host = databaseHost(platform, row);
  const size = row.size_bytes === null ? null : Number(row.size_bytes);
  return {
    id: row.id,
    name: row.name,
    status: shownStatus(platform, row, joined.registered),
    class: row.class,
    isolation: row.isolation,
    external_instance: joined.registered ? renderPlace(joined.registered) : null,
    version: joined.version,
    host,
    http_url: databaseHttpUrl(platform, row),
    database: row.database_name,
    user: row.role_name,
    size_bytes: size,
    storage_limit_bytes: row.storage_limit_bytes === null ? null : Number(row.storage_limit_bytes),
    connections: null,
    healthy: null,
    warnings: warningsOf(row, size, problemOf(joined.registered)),
    owner: joined.owner,
    last_backup_at: joined.lastBackup?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    destroyed_at: row.destroyed_at?.toISOString() ?? null,
    recoverable_until: row.recoverable_until?.toISOString() ?? null,
    client_access: row.client_access,
    parent_id: row.parent_id,
    branched_at: row.branched_at?.toISOString() ?? null,
    restored_from: row.restored_from,
    restored_to: row.restored_to?.toISOString() ?? null,
    expires_at: row.expires_at?.toISOString() ?? null,
    paused_at: row.paused_at?.toISOString() ?? null,
    pause_after_seconds: pauseAfterOf(platform, row),
    environment: joined.environment ? renderEnvironment(joined.environment) : null,
    sandbox: null,
  };
}

/** Nothing is called ready that does not answer. */
function shownStatus(
  { supervisor }: Platform,
  row: DatabaseRow,
  place: RegisteredRow | undefined,
): DatabaseStatus {
  if (row.status !== "ready") return row.status;
  if (row.paused_at !== null) return "paused";
  const isDown = ({ name, status }: { name: string; status: string }) =>
    name === row.instance_id && status !== "running";
  if (row.isolation === "microvm" && supervisor.list().some(isDown)) return "unreachable";
  return place?.health === "unreachable" || place?.health === "read_only" ? place.health : "ready";
}

async function lookAgain(platform: Platform, row: DatabaseRow): Promise<void> {
  const registered = await placeOf(platform, row);
  if (registered) await checkHealth(platform, registered);
}

/** That of the registered instance says more than that of the session that failed. */
const problemsOf = (info: DatabaseInfo, row: DatabaseRow, size: number | null, problem: string): string[] =>
  row.isolation === "external" && (info.status === "unreachable" || info.status === "read_only")
    ? info.warnings
    : warningsOf(row, size, problem);

const renderPlace = (row: RegisteredRow) => ({
  id: row.id,
  name: row.name,
  status: statusOf(row),
  reason: row.health_reason,
});

const problemOf = (row: RegisteredRow | undefined): string | undefined =>
  row === undefined || row.health === "healthy"
    ? undefined
    : `its instance ${row.name} is ${row.health.replace("_", "-")}${row.health_reason ? ` (${row.health_reason})` : ""}`;

const renderEnvironment = ({
  project_id,
  project,
  name,
  service,
  protected: isProtected,
}: DatabaseEnvironment) => ({
  project_id,
  project,
  name,
  service,
  protected: isProtected,
});

/** A server that died is started again within seconds. */
const restartPatienceMs = 15_000;

interface LiveFacts {
  healthy: boolean;
  sizeBytes: number | null;
  connections: DatabaseInfo["connections"];
  problem?: string;
}

async function askServer(platform: Platform, row: DatabaseRow): Promise<LiveFacts | undefined> {
  try {
    const deadline = performance.now() + restartPatienceMs;
    for (;;) {
      const facts = await lookAt(platform, row);
      if (facts || platform.gate.isHeld(row.instance_id!)) return facts;
      // The way to a registered server has waited already.
      if (row.isolation === "external" || performance.now() > deadline)
        throw posternError("Y4001", "Its server does not run.");
      await sleep(50);
    }
  } catch (error) {
    return { healthy: false, sizeBytes: null, connections: null, problem: messageOf(error) };
  }
}

/** As its owner, so `healthy` is a fact; but looking is no use of it: that would keep it awake. */
async function lookAt(platform: Platform, row: DatabaseRow): Promise<LiveFacts | undefined> {
  const instance = (await findInstance(platform.state, row.instance_id!))!;
  return withLook(platform, instance, { database: row.database_name }, async (client) => {
    await client.query(`set role ${pg.escapeIdentifier(row.role_name)}`);
    await client.query("select 1");
    await client.query("reset role");
    const { rows } = await client.query<{ size: string; open: number }>(
      `select pg_database_size($1) as size,
              (select count(*)::int from pg_stat_activity where usename = $2) as open`,
      [row.database_name, row.role_name],
    );
    const { size, open } = rows[0]!;
    return { healthy: true, sizeBytes: Number(size), connections: { open, limit: row.connection_limit } };
  });
}

function warningsOf(row: DatabaseRow, sizeBytes: number | null, problem?: string): string[] {
  const warnings: string[] = [];
  if (problem !== undefined) warnings.push(`The database does not answer: ${problem}`);
  const limit = row.storage_limit_bytes === null ? null : Number(row.storage_limit_bytes);
  if (limit !== null && sizeBytes !== null && sizeBytes > limit) {
    warnings.push(
      `It holds ${(sizeBytes / 1024 ** 3).toFixed(1)} GB, more than the ${(limit / 1024 ** 3).toFixed(0)} GB of class ${row.class}. Nothing is refused; a larger class has no such limit.`,
    );
  }
  return warnings;
}
