/** In charge of one look at a registered server, and of noting how it is. A look ends within seconds, whatever the server does. */
import { hasCode, messageOf } from "../../base/error.ts";
import { DialFailure } from "../../runtime/relay/dial-server.ts";
import { loginPassword } from "../../runtime/relay/login-password.ts";
import { openSession, ReadOnlyServer } from "../../runtime/relay/open-session.ts";
import type { RelayPlan } from "../../runtime/relay/relay-plan.ts";
import { updateInstance } from "../../state/instances.ts";
import {
  type InstanceHealth,
  type RegisteredRow,
  updateRegistered,
} from "../../state/registered-instances.ts";
import { withLook } from "../awake-session.ts";
import { adminRole } from "../database-address.ts";
import { isSuperuser } from "../limited-role.ts";
import type { Platform } from "../platform.ts";
import { measureLatency } from "./inspect-server.ts";
import { oldestMajor } from "./reach-server.ts";
import { makeFolders } from "./register-instance.ts";
import { openSecrets, relayPlanOf } from "./relay-plan-of.ts";

export interface HealthFinding {
  health: InstanceHealth;
  code: string | null;
  reason: string | null;
  latencyMs: number | null;
  version: string | null;
}

const withinMs = 8_000;
/** Slower than this, every request is. */
const slowMs = 500;
/** Of its connections; beyond it new sessions are about to be refused. */
const crowded = 0.95;

/** Resolves with what it is now; notes it. Where this control plane has no way to it yet, it says nothing of the server. */
export async function checkHealth(platform: Platform, row: RegisteredRow): Promise<HealthFinding> {
  const finding = await look(platform, row);
  if (finding === undefined) return asNoted(row);
  const changed = finding.health !== row.health || finding.reason !== row.health_reason;
  const now = platform.clock.now();
  await updateRegistered(platform.state, row.id, {
    checked_at: now,
    latency_ms: finding.latencyMs,
    ...(changed && {
      health: finding.health,
      health_code: finding.code,
      health_reason: finding.reason,
      ...(finding.health !== row.health && { health_since: now }),
    }),
  });
  if (finding.health !== row.health)
    platform.observe({
      type: "service",
      service: row.name,
      event: finding.health === "healthy" ? "ready" : "failed",
      ...(finding.reason === null ? {} : { detail: `${finding.health}: ${finding.reason}` }),
    });
  return finding;
}

const asNoted = (row: RegisteredRow): HealthFinding => ({
  health: row.health,
  code: row.health_code,
  reason: row.health_reason,
  latencyMs: row.latency_ms,
  version: null,
});

async function look(platform: Platform, row: RegisteredRow): Promise<HealthFinding | undefined> {
  const plan = relayPlanOf(platform, row, openSecrets(platform, row).loginKey);
  try {
    const version = await bounded(greet(plan));
    await noteVersion(platform, row, version);
    return await bounded(measure(platform, row, version));
  } catch (error) {
    return { ...explain(error), latencyMs: null, version: null };
  }
}

/** Straight to the server: the reason of a failure is had as it is. */
async function greet(plan: RelayPlan): Promise<string> {
  const { socket, reported } = await openSession({
    hosts: plan.hosts,
    tls: plan.tls,
    user: adminRole,
    passwords: [loginPassword(plan.loginKey, adminRole)],
    parameters: { database: plan.maintenanceDatabase, application_name: "postern" },
  });
  socket.destroy();
  return (reported.server_version ?? "").split(" ")[0]!;
}

interface LoadRow {
  used: number;
  most: number;
  read_only: boolean;
}

/** Undefined: another control plane has registered it a moment ago, and this one has not followed. */
async function measure(
  platform: Platform,
  row: RegisteredRow,
  version: string,
): Promise<HealthFinding | undefined> {
  const found = await withLook(platform, { id: row.id, tcp_port: -1 }, {}, async (client) => {
    const latencyMs = await measureLatency(client);
    const { rows } = await client.query<LoadRow>(
      `select count(*)::int as used, current_setting('max_connections')::int as most,
              current_setting('default_transaction_read_only')::bool as read_only
         from pg_stat_activity where backend_type = 'client backend'`,
    );
    return { latencyMs, load: rows[0]!, isSuper: await isSuperuser(client) };
  });
  if (!found) return undefined;
  const { latencyMs, load } = found;
  const well = { health: "healthy", code: null, reason: null, latencyMs, version } as const;
  if (load.read_only)
    return { ...well, health: "read_only", code: "Y8016", reason: "default_transaction_read_only is on" };
  if (Number.parseInt(version, 10) < oldestMajor)
    return {
      ...well,
      health: "degraded",
      code: "Y8015",
      reason: `it runs Postgres ${version}, which is too old`,
    };
  if (load.used >= crowded * load.most)
    return {
      ...well,
      health: "degraded",
      code: "53300",
      reason: `${load.used} of ${load.most} connections are in use`,
    };
  if (latencyMs > slowMs)
    return {
      ...well,
      health: "degraded",
      code: null,
      reason: `a round trip takes ${Math.round(latencyMs)} ms`,
    };
  if (row.is_superuser && !found.isSuper)
    return {
      ...well,
      health: "degraded",
      code: "Y8017",
      reason: `the role ${adminRole} is no superuser any more`,
    };
  return well;
}

/** It was upgraded: programs are chosen by that. */
async function noteVersion(platform: Platform, row: RegisteredRow, version: string): Promise<void> {
  await updateInstance(platform.state, row.id, { version });
  await makeFolders(platform, row.id, version);
}

function explain(error: unknown): Pick<HealthFinding, "health" | "code" | "reason"> {
  const reason = messageOf(error);
  if (error instanceof ReadOnlyServer) return { health: "read_only", code: "Y8016", reason };
  if (hasCode(error, "25006")) return { health: "read_only", code: "Y8016", reason };
  if (error instanceof DialFailure)
    return { health: "unreachable", code: error.kind === "untrusted" ? "Y8013" : "Y8012", reason };
  if (hasCode(error, "28P01", "28000"))
    return { health: "unreachable", code: "Y8014", reason: `it refuses Postern's own role: ${reason}` };
  return { health: "unreachable", code: "Y8012", reason };
}

async function bounded<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DialFailure("unreachable", "it does not answer in time")), withinMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
