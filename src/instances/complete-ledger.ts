/** In charge of the ledger of migrations in databases that an earlier version made: it gets what it lacks. */
import pg from "pg";
import { readSql } from "../postgres/read-sql.ts";
import type { DatabaseRow } from "../state/databases.ts";
import type { Platform } from "./platform.ts";
import { withAdmin } from "./with-admin.ts";

/** Repeatable. The owner could not do it: the ledger is none of theirs. */
export async function completeLedger(
  platform: Pick<Platform, "config">,
  row: Pick<DatabaseRow, "instance_id" | "database_name" | "role_name">,
): Promise<void> {
  await withAdmin(platform, row.instance_id!, row.database_name, async (client) => {
    const { rows } = await client.query<{ isWhole: boolean }>(`
      select pg_catalog.to_regprocedure('postern.forget_migration(text)') is not null
         and pg_catalog.to_regprocedure('postern.accept_checksum(text,text)') is not null as "isWhole"`);
    if (rows[0]!.isWhole) return;
    const owner = pg.escapeIdentifier(row.role_name);
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock(hashtext('postern ledger'))");
    await client.query(await readSql("ledger"));
    await client.query(`
      grant usage on schema postern to ${owner};
      grant select on postern.schema_migrations, postern.unfinished_migrations to ${owner};
      grant execute on function
        postern.record_migration(text, text, integer, boolean, timestamptz),
        postern.record_progress(text, text, integer, boolean, oid[]),
        postern.forget_progress(text), postern.forget_migration(text), postern.accept_checksum(text, text)
        to ${owner}`);
    await client.query("commit");
  });
}
