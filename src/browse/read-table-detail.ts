/** In charge of everything that belongs to one table: indexes, policies, constraints, triggers, and the SQL that makes it. */
import type { TableDetail, TableName } from "@postern/sdk/protocol";
import type pg from "pg";
import { posternError } from "../base/error.ts";
import { readSchema } from "../postgres/schema/read-schema.ts";
import { renderDdl, renderTableDdl } from "../postgres/schema/render-ddl.ts";

/** `owner`: the role that owns the database, which its own name does not matter of. @throws Y1060 */
export async function readTableDetail(
  client: pg.Client,
  owner: string,
  { schema, name }: TableName,
): Promise<TableDetail> {
  const { rows } = await client.query<{ detail: Omit<TableDetail, "ddl"> & { quoted: string } }>(
    detailQuery,
    [schema, name],
  );
  if (!rows[0]) throw posternError("Y1060", `There is no table ${schema}.${name}.`);
  const { quoted, ...detail } = rows[0].detail;
  return { ...detail, ddl: renderTableDdl(await readSchema(client, owner), quoted) };
}

export const readDdl = async (client: pg.Client, owner: string): Promise<string> =>
  renderDdl(await readSchema(client, owner));

const detailQuery = `
  select json_build_object(
    'schema', n.nspname, 'name', c.relname, 'quoted', quote_ident(n.nspname) || '.' || quote_ident(c.relname),
    'indexes', (select coalesce(json_agg(json_build_object(
        'name', x.relname, 'definition', pg_get_indexdef(i.indexrelid), 'primary', i.indisprimary, 'unique', i.indisunique,
        'valid', i.indisvalid, 'size_bytes', pg_relation_size(i.indexrelid),
        'scans', coalesce(pg_stat_get_numscans(i.indexrelid), 0)) order by not i.indisprimary, x.relname), '[]')
      from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid),
    'policies', (select coalesce(json_agg(json_build_object(
        'name', p.polname, 'permissive', p.polpermissive,
        'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        'roles', (select json_agg(case when o = 0 then 'public' else pg_get_userbyid(o)::text end) from unnest(p.polroles) o),
        'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname), '[]')
      from pg_policy p where p.polrelid = c.oid),
    'constraints', (select coalesce(json_agg(json_build_object('name', k.conname, 'definition', pg_get_constraintdef(k.oid))
        order by k.contype = 'n', k.conname), '[]') from pg_constraint k where k.conrelid = c.oid and k.contype in ('c', 'f', 'p', 'u', 'x')),
    'triggers', (select coalesce(json_agg(json_build_object('name', g.tgname, 'definition', pg_get_triggerdef(g.oid),
        'enabled', g.tgenabled <> 'D') order by g.tgname), '[]')
      from pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal and g.tgname !~ '^postern_capture')) as detail
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'f', 'v', 'm')`;
