/** In charge of which tables' changes are logged, and how: their triggers say it. */
import type { TrackedTable } from "@postern/sdk/protocol";
import { captureArguments, captureObject, captureTrigger } from "./read-relation.ts";
import { ask, type RecordContext } from "./record-context.ts";

export async function listTracked({ owner }: Pick<RecordContext, "owner">): Promise<TrackedTable[]> {
  const text = await ask(owner, query, []);
  return JSON.parse(text ?? "[]") as TrackedTable[];
}

const query = `
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
           'table', case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end,
           'captures', a.arguments ->> 'captures', 'primary_key', a.arguments -> 'primaryKey', 'masked', a.arguments -> 'masked')
           order by n.nspname, c.relname)::pg_catalog.text
    from pg_catalog.pg_trigger g
    join pg_catalog.pg_class c on c.oid = g.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
    ${captureArguments}, lateral (select ${captureObject} as arguments) a
   where not c.relispartition and ${captureTrigger}`;
