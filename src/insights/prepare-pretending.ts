/**
 * In charge of letting a database's owner pretend indexes, for advice: the functions of hypopg, where the server has its library.
 * Not as an extension, which would be in the owner's dumps and would be missed where those are restored; in the platform's
 * schema they are nobody's data. What is pretended is seen by the session alone that pretends it.
 */
import pg from "pg";
import { hasCode } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import type { DatabaseRow } from "../state/databases.ts";

const functionsSql = (owner: string): string => `
  create or replace function postern.hypopg_create_index(statement text, out indexrelid oid, out indexname text)
    returns setof record language c volatile cost 100 as 'hypopg', 'hypopg_create_index';
  create or replace function postern.hypopg_reset() returns void language c volatile cost 100 as 'hypopg', 'hypopg_reset';
  revoke all on function postern.hypopg_create_index(text), postern.hypopg_reset() from public;
  grant usage on schema postern to ${owner};
  grant execute on function postern.hypopg_create_index(text), postern.hypopg_reset() to ${owner};`;

/** Repeatable. False: the server has no hypopg. */
export async function preparePretending(platform: Platform, row: DatabaseRow): Promise<boolean> {
  return withAdmin(platform, row.instance_id!, row.database_name, async (client) => {
    // Nothing of the tenant's is looked up by an unqualified name, and nobody's lock is waited for.
    await client.query("set search_path = pg_catalog, pg_temp; set lock_timeout = '1s'");
    const { rows } = await client.query(
      "select to_regprocedure('postern.hypopg_create_index(text)') is not null as made",
    );
    if (rows[0].made) return true;
    try {
      await client.query(`begin; ${functionsSql(pg.escapeIdentifier(row.role_name))} commit`);
      return true;
    } catch (error) {
      await client.query("rollback");
      // There is no such library, or another advice makes them at this moment, or somebody is in the way; on a server that
      // is not Postern's own there may be no right to it, or no such schema.
      if (hasCode(error, "58P01", "23505", "XX000", "55P03", "42501", "3F000")) return false;
      throw error;
    }
  });
}
