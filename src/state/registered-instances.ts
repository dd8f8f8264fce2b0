/** In charge of the rows of servers that somebody else runs. */
import type { DatabaseClass } from "@postern/sdk/protocol";
import type { InstanceId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export type InstanceHealth = "healthy" | "degraded" | "unreachable" | "read_only";

export interface RegisteredRow {
  id: InstanceId;
  name: string;
  hosts: { host: string; port: number }[];
  maintenance_database: string;
  admin_user: string;
  secrets_sealed: Buffer;
  tls_mode: "disable" | "require" | "verify-ca" | "verify-full";
  tls_ca: string | null;
  classes: DatabaseClass[];
  labels: Record<string, string>;
  /** Databases; null: no limit. */
  capacity: number | null;
  connection_limit: number;
  is_superuser: boolean;
  system_identifier: string | null;
  extensions: string[];
  warnings: string[];
  draining: boolean;
  health: InstanceHealth;
  health_code: string | null;
  health_reason: string | null;
  health_since: Date;
  checked_at: Date;
  latency_ms: number | null;
  created_at: Date;
}

/** With what the list shows beside it. */
export interface RegisteredWithFacts extends RegisteredRow {
  version: string;
  databases: number;
  /** Sessions that its databases may hold together. */
  promised_connections: number;
}

const select = `
  select r.*, i.version, count(d.id)::int as databases, coalesce(sum(d.connection_limit), 0)::int as promised_connections
    from registered_instances r
    join instances i on i.id = r.id
    left join databases d on d.instance_id = r.id`;

export async function listRegistered(db: Queryable): Promise<RegisteredWithFacts[]> {
  const { rows } = await db.query<RegisteredWithFacts>(
    `${select} group by r.id, i.version order by r.created_at, r.id`,
  );
  return rows;
}

/** Who places a database holds all of them for the moment. Within a transaction. */
export async function lockRegistered(tx: Queryable): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtext('place on a registered instance'))");
}

/** By id or by name. */
export async function findRegistered(db: Queryable, ref: string): Promise<RegisteredWithFacts | undefined> {
  const { rows } = await db.query<RegisteredWithFacts>(
    `${select} where r.id = $1 or r.name = $1 group by r.id, i.version`,
    [ref],
  );
  return rows[0];
}

export type NewRegistered = Omit<
  RegisteredRow,
  "health" | "health_code" | "health_reason" | "health_since" | "checked_at" | "created_at" | "draining"
> & { version: string };

/** Within a transaction. Ports below zero are nobody's: nothing of Postern's listens for it. @throws 23505 when the name is taken */
export async function insertRegistered(tx: Queryable, row: NewRegistered): Promise<void> {
  await tx.query("lock table instances in share row exclusive mode");
  await tx.query(
    `insert into instances (id, kind, status, tcp_port, version)
       select $1, 'external', 'running', least(0, min(tcp_port)) - 1, $2 from instances`,
    [row.id, row.version],
  );
  const { version: _, ...columns } = row;
  const values: Record<string, unknown> = {
    ...columns,
    hosts: JSON.stringify(row.hosts),
    labels: JSON.stringify(row.labels),
  };
  const names = Object.keys(values);
  await tx.query(
    `insert into registered_instances (${names.join(", ")}) values (${names.map((_, index) => `$${index + 1}`).join(", ")})`,
    Object.values(values),
  );
}

/** Fails while databases are there, or backups that a move left behind. @throws 23503 */
export async function deleteRegistered(db: Queryable, id: InstanceId): Promise<void> {
  await db.query("delete from instances where id = $1 and kind = 'external'", [id]);
}

/** Changes the columns given; their names come from this code. */
export async function updateRegistered(
  db: Queryable,
  id: InstanceId,
  changes: Partial<
    Pick<
      RegisteredRow,
      | "draining"
      | "health"
      | "health_code"
      | "health_reason"
      | "health_since"
      | "checked_at"
      | "latency_ms"
      | "system_identifier"
      | "extensions"
      | "warnings"
      | "is_superuser"
    >
  >,
): Promise<void> {
  const names = Object.keys(changes);
  await db.query(
    `update registered_instances set ${names.map((name, index) => `${name} = $${index + 2}`).join(", ")} where id = $1`,
    [id, ...Object.values(changes)],
  );
}

/** Living databases with the owners that log in there. */
export async function listOwnersOn(
  db: Queryable,
): Promise<{ id: string; instance_id: InstanceId; role_name: string; password_sealed: Buffer }[]> {
  const { rows } = await db.query<{
    id: string;
    instance_id: InstanceId;
    role_name: string;
    password_sealed: Buffer;
  }>(
    `select d.id, d.instance_id, d.role_name, d.password_sealed
       from databases d join registered_instances r on r.id = d.instance_id where d.destroyed_at is null`,
  );
  return rows;
}

/** Of a living database there. */
export async function findOwner(
  db: Queryable,
  instance: InstanceId,
  role: string,
): Promise<{ id: string; password_sealed: Buffer } | undefined> {
  const { rows } = await db.query<{ id: string; password_sealed: Buffer }>(
    "select id, password_sealed from databases where role_name = $2 and instance_id = $1 and destroyed_at is null",
    [instance, role],
  );
  return rows[0];
}
