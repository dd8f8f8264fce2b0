/** In charge of what Postern can do on a server where it is no superuser, as on those that others manage. */
import pg from "pg";
import { serverMajor } from "./server-major.ts";

export async function isSuperuser(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ is: boolean }>(
    "select rolsuper as is from pg_catalog.pg_roles where rolname = current_user",
  );
  return rows[0]!.is;
}

/**
 * Who creates a role may grant it, and no more: to own something for it, or to drop what it owns, one must be a member
 * that has its rights. Repeatable.
 */
export async function takeRole(client: pg.Client, role: string): Promise<void> {
  const options = (await serverMajor(client)) >= 16 ? " with inherit true, set true" : "";
  await client.query(`grant ${pg.escapeIdentifier(role)} to current_user${options}`);
}
