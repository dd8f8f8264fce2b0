/**
 * In charge of the tables that had a name when something was logged of them: tables are renamed, and dropped and made again.
 * The log may be very long, so it is not read: the oids in it are skipped through by their index, and of each the
 * oldest and the newest record are looked at. A name that a table had only in between is not found by it.
 */
import { ask, type RecordContext } from "./record-context.ts";

export interface Namesake {
  oid: string;
}

const sql = `
  with recursive logged(oid) as (
    select pg_catalog.min(m.table_oid) from postern.state_mutations m
    union all
    select (select pg_catalog.min(m.table_oid) from postern.state_mutations m where m.table_oid > logged.oid)
      from logged where logged.oid is not null)
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('oid', logged.oid::pg_catalog.text))::pg_catalog.text
    from logged
   where logged.oid is not null
     and exists (select from (
           (select m.schema_name, m.table_name from postern.state_mutations m
             where m.table_oid = logged.oid order by m.at limit 1)
           union all
           (select m.schema_name, m.table_name from postern.state_mutations m
             where m.table_oid = logged.oid order by m.at desc limit 1)) ends
          where ends.schema_name || '.' || ends.table_name = $1)`;

/** @param name with its schema */
export async function findNamesakes(context: RecordContext, name: string): Promise<Namesake[]> {
  return JSON.parse((await ask(context.owner, sql, [name])) ?? "[]") as Namesake[];
}
