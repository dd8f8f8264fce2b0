/** In charge of looking a table up in the catalog by the name that a request gives it. */
import { posternError } from "../base/error.ts";
import type { Relation } from "./relation.ts";

/** Answers the first value of the first row. */
export type AskCatalog = (sql: string, params: string[]) => Promise<string | undefined>;

/**
 * By name, where the search path finds it, or by schema and name with a dot between them. Names are compared and never
 * parsed, so none needs quotes, whatever is in it. @throws Y1060
 */
export async function readRelation(ask: AskCatalog, table: string): Promise<Relation> {
  const text = await ask(relationQuery, [table]);
  const found = text === undefined ? [] : (JSON.parse(text) as Relation[]);
  const [relation] = found;
  if (relation === undefined) throw await noSuchTable(ask, table);
  if (found.length === 1) return relation;
  throw posternError("Y1060", `Several tables answer to the name ${table}.`, {
    detail: found.map(({ schema, name }) => `schema ${schema}, table ${name}`).join("; "),
    hint: "Rename one of them: a dot in a name makes it ambiguous.",
  });
}

async function noSuchTable(ask: AskCatalog, table: string) {
  const similar = JSON.parse((await ask(similarQuery, [table])) ?? "[]") as string[];
  return posternError("Y1060", `There is no table ${table}.`, {
    hint:
      similar.length > 0
        ? `Did you mean ${similar.join(" or ")}?`
        : "Name it as it is written in the catalog, with its schema where that is not public: app.users.",
  });
}

const ours = `n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'postern')`;

/** The trigger that logs changes, where it is as Postern made it and fires. */
export const captureTrigger = `g.tgname = 'postern_capture' and not g.tgisinternal and g.tgenabled in ('O', 'A')
  and g.tgfoid = pg_catalog.to_regprocedure('postern.capture_mutation()')`;
const zero = "'\\x00'::pg_catalog.bytea";
/** Its first three arguments, each with a zero behind it; they can hold any character but that. */
export const captureArguments = `
  lateral (select position(${zero} in g.tgargs) as first) p,
  lateral (select substring(g.tgargs from p.first + 1) as rest) r,
  lateral (select position(${zero} in r.rest) as second) q,
  lateral (select substring(r.rest from q.second + 1) as rest) s,
  lateral (select position(${zero} in s.rest) as third) t`;
export const captureObject = `pg_catalog.jsonb_build_object(
  'captures', pg_catalog.convert_from(substring(g.tgargs from 1 for p.first - 1), 'UTF8'),
  'primaryKey', pg_catalog.convert_from(substring(r.rest from 1 for q.second - 1), 'UTF8')::pg_catalog.text[],
  'masked', pg_catalog.convert_from(substring(s.rest from 1 for t.third - 1), 'UTF8')::pg_catalog.text[])`;

/** An unqualified name goes before a qualified one that looks the same. */
const relationQuery = `
  with named as (
    select c.oid, c.relname, c.relkind, n.nspname, pg_catalog.pg_table_is_visible(c.oid) and c.relname = $1 as plain
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${ours}
       and ((c.relname = $1 and pg_catalog.pg_table_is_visible(c.oid)) or n.nspname || '.' || c.relname = $1)
  ), chosen as (
    select * from named where plain or not exists (select from named where plain)
  )
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'oid', c.oid::pg_catalog.int8, 'schema', c.nspname, 'name', c.relname, 'kind', c.relkind,
    'columns', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
               'name', a.attname,
               'type', pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname),
               'kind', case when base.typname in ('json', 'jsonb') and base.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then 'json'
                            when base.typcategory = 'A' then 'array'
                            when base.typcategory = 'S' then 'text' else 'other' end,
               'elementIsJson', coalesce(e.typname in ('json', 'jsonb'), false),
               'delimiter', coalesce(e.typdelim, ','),
               'hasEquality', not (base.typname in ('json', 'xml', 'point') and base.typnamespace = 'pg_catalog'::pg_catalog.regnamespace),
               'generated', a.attgenerated <> '' or a.attidentity = 'a') order by a.attnum), '[]')
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
        join pg_catalog.pg_type base on base.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
        left join pg_catalog.pg_type e on e.oid = base.typelem and base.typcategory = 'A'
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'primaryKey', (
      select coalesce(pg_catalog.jsonb_agg(a.attname order by pg_catalog.array_position(i.indkey::pg_catalog.int2[], a.attnum)), '[]')
        from pg_catalog.pg_index i
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
       where i.indrelid = c.oid and i.indisprimary),
    'capture', (
      select ${captureObject}
        from pg_catalog.pg_trigger g, ${captureArguments}
       where g.tgrelid = c.oid and ${captureTrigger})))::text
    from chosen c`;

const similarQuery = `
  select pg_catalog.jsonb_agg(name)::text from (
    select case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${ours}
       and (pg_catalog.lower(c.relname) = pg_catalog.lower($1) or c.relname = $1 || 's' or c.relname || 's' = $1)
       and pg_catalog.has_table_privilege(c.oid, 'select')
     order by 1 limit 3) found`;
