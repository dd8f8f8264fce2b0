/** In charge of reading the schema of the database that a session is in, as its own role sees it. */
import type pg from "pg";
import { readSchema, type SchemaObject } from "../postgres/schema/read-schema.ts";

export async function readCurrentSchema(client: pg.Client): Promise<SchemaObject[]> {
  const { rows } = await client.query<{ role: string }>("select current_user::text as role");
  return readSchema(client, rows[0]!.role);
}
