/** In charge of finding databases by the names that a Postgres client presents. */
import type { DatabaseId } from "../base/id.ts";
import type { DatabaseRow } from "./databases.ts";
import type { Queryable } from "./state.ts";

export type Login = Pick<DatabaseRow, "id" | "database_name" | "role_name" | "instance_id">;

/** The living database that this role owns. */
export async function findLogin(db: Queryable, roleName: string): Promise<Login | undefined> {
  const { rows } = await db.query<Login>(
    `select id, database_name, role_name, instance_id from databases
      where role_name = $1 and destroyed_at is null and instance_id is not null`,
    [roleName],
  );
  return rows[0];
}

/** The living database that is called this inside Postgres. */
export async function findDatabaseIdByInnerName(
  db: Queryable,
  databaseName: string,
): Promise<DatabaseId | undefined> {
  const { rows } = await db.query<{ id: DatabaseId }>(
    "select id from databases where database_name = $1 and destroyed_at is null",
    [databaseName],
  );
  return rows[0]?.id;
}
