/** In charge of what can be said of a registered server: never how to log in to it. */
import type { InstanceStatus, RegisteredInstance } from "@postern/sdk/protocol";
import { bracketed } from "../../base/listen.ts";
import type { RegisteredRow, RegisteredWithFacts } from "../../state/registered-instances.ts";

/** What is wrong is told before what was wished. */
export const statusOf = ({ health, draining }: Pick<RegisteredRow, "health" | "draining">): InstanceStatus =>
  health === "healthy" && draining ? "draining" : health;

export const describeRegistered = (row: RegisteredWithFacts): RegisteredInstance => ({
  id: row.id,
  name: row.name,
  status: statusOf(row),
  since: row.health_since.toISOString(),
  reason: row.health_reason,
  code: row.health_code,
  draining: row.draining,
  hosts: row.hosts.map(({ host, port }) => `${bracketed(host)}:${port}`),
  database: row.maintenance_database,
  user: row.admin_user,
  tls: row.tls_mode,
  version: row.version,
  superuser: row.is_superuser,
  classes: row.classes,
  labels: row.labels,
  capacity: row.capacity,
  databases: row.databases,
  max_connections: row.connection_limit,
  promised_connections: row.promised_connections,
  latency_ms: row.latency_ms,
  system_identifier: row.system_identifier,
  extensions: row.extensions,
  warnings: row.warnings,
  checked_at: row.checked_at.toISOString(),
  created_at: row.created_at.toISOString(),
});
