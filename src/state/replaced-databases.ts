/** In charge of the rows of databases that were replaced and are still there under another name. */
import type { DatabaseId } from "../base/id.ts";
import type { InstanceRow } from "./instances.ts";
import type { Queryable } from "./state.ts";

export interface ReplacedDatabase {
  /** What it is called since. */
  name: string;
  instance_id: InstanceRow["id"];
  /** The database that has other content now. */
  database_id: DatabaseId;
}

/** Repeatable. */
export async function noteReplaced(db: Queryable, replaced: ReplacedDatabase): Promise<void> {
  await db.query(
    `insert into replaced_databases (name, instance_id, database_id) values ($1, $2, $3)
     on conflict (name) do nothing`,
    [replaced.name, replaced.instance_id, replaced.database_id],
  );
}

export async function listReplaced(db: Queryable): Promise<ReplacedDatabase[]> {
  const { rows } = await db.query<ReplacedDatabase>(
    "select name, instance_id, database_id from replaced_databases order by noted_at, name",
  );
  return rows;
}

export async function forgetReplaced(db: Queryable, name: string): Promise<void> {
  await db.query("delete from replaced_databases where name = $1", [name]);
}
