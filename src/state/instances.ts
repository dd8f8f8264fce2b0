/** In charge of the rows of Postgres servers that hold users' databases. */
import type { InstanceId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface InstanceRow {
  id: InstanceId | "shared";
  kind: "shared" | "process";
  status: "creating" | "running" | "removing";
  tcp_port: number;
  version: string;
  created_at: Date;
}

/** Repeatable: an instance that is there already keeps its row. */
export async function insertInstance(
  db: Queryable,
  row: Omit<InstanceRow, "created_at">,
): Promise<InstanceRow> {
  await db.query(
    "insert into instances (id, kind, status, tcp_port, version) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
    [row.id, row.kind, row.status, row.tcp_port, row.version],
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
  changes: Partial<Pick<InstanceRow, "status" | "version" | "tcp_port">>,
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
    `with homeless as (update databases set instance_id = null where instance_id = $1)
     delete from instances where id = $1`,
    [id],
  );
}
