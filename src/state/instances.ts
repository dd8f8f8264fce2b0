/** In charge of the rows of Postgres servers that hold users' databases. */
import type { DatabaseClass } from "@postern/sdk/protocol";
import type { DatabaseId, InstanceId } from "../base/id.ts";
import type { Queryable, State } from "./state.ts";

export interface InstanceRow {
  id: InstanceId | "shared";
  kind: "shared" | "process" | "microvm" | "external";
  status: "creating" | "running" | "removing";
  /** Where Postgres listens. */
  tcp_port: number;
  /** Where the gate listens for it; null: nothing stands before it. */
  front_port: number | null;
  version: string;
  /** Of an instance of one database. */
  class: DatabaseClass | null;
  created_at: Date;
}

/** Repeatable: an instance that is there already keeps its row. */
export async function insertInstance(
  db: Queryable,
  row: Omit<InstanceRow, "created_at" | "class" | "front_port"> & {
    class?: DatabaseClass;
    front_port?: number | null;
  },
): Promise<InstanceRow> {
  await db.query(
    `insert into instances (id, kind, status, tcp_port, version, class, front_port) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (id) do nothing`,
    [row.id, row.kind, row.status, row.tcp_port, row.version, row.class ?? null, row.front_port ?? null],
  );
  return (await findInstance(db, row.id))!;
}

export async function findInstance(db: Queryable, id: InstanceRow["id"]): Promise<InstanceRow | undefined> {
  const { rows } = await db.query<InstanceRow>("select * from instances where id = $1", [id]);
  return rows[0];
}

export async function listInstances(db: Queryable): Promise<InstanceRow[]> {
  const { rows } = await db.query<InstanceRow>("select * from instances order by created_at, id");
  return rows;
}

export async function updateInstance(
  db: Queryable,
  id: InstanceRow["id"],
  changes: Partial<Pick<InstanceRow, "status" | "version" | "tcp_port" | "class" | "front_port">>,
): Promise<void> {
  const columns = Object.keys(changes);
  await db.query(
    `update instances set ${columns.map((column, index) => `${column} = $${index + 2}`).join(", ")} where id = $1`,
    [id, ...Object.values(changes)],
  );
}

/** A database that had its place there has none any more. */
export async function deleteInstanceRow(db: Queryable, id: InstanceRow["id"]): Promise<void> {
  await db.query(
    `with homeless as (update databases set instance_id = null, paused_at = null where instance_id = $1)
     delete from instances where id = $1`,
    [id],
  );
}

/** In one transaction: the database's place, and which of the two servers has which ports. */
export async function moveDatabase(
  state: State,
  databaseId: DatabaseId,
  from: InstanceId,
  to: InstanceId,
): Promise<void> {
  await state.transaction(async (tx) => {
    await exchangePorts(tx, from, to);
    await tx.query("update databases set instance_id = $2 where id = $1", [databaseId, to]);
  });
}

/** `to` runs where `from` ran, which runs no more. Within a transaction. */
export async function exchangePorts(tx: Queryable, from: InstanceId, to: InstanceId): Promise<void> {
  const { rows } = await tx.query<InstanceRow>("select * from instances where id = any ($1) for update", [
    [from, to],
  ]);
  const old = rows.find((row) => row.id === from)!;
  const fresh = rows.find((row) => row.id === to)!;
  // Ports are unique at every moment: one server steps aside.
  await tx.query("update instances set tcp_port = -tcp_port, front_port = null where id = $1", [from]);
  await tx.query("update instances set tcp_port = $2, front_port = $3, status = 'running' where id = $1", [
    to,
    old.tcp_port,
    old.front_port,
  ]);
  // Not running for good: nothing starts it any more.
  await tx.query("update instances set tcp_port = $2, status = 'creating' where id = $1", [
    from,
    fresh.tcp_port,
  ]);
}
