/**
 * In charge of asking the catalog whether a statement can run anything that touches its session: functions that change
 * or read settings, triggers, rules, row security, operators and casts of the user's own making.
 */
import type { StatementProfile } from "./statement-profile.ts";

/** Builtin functions that change a session, show one, or run SQL that is handed to them as text. */
const touching =
  "\\m(set_config|current_setting|pg_advisory|pg_try_advisory|setseed|currval|lastval|query_to_xml|table_to_xml|schema_to_xml|" +
  "database_to_xml|cursor_to_xml|ts_stat|ts_rewrite|dblink|pg_notify|pg_listening|pg_cursor|pg_prepared|pg_my_temp|lo_|loread|" +
  "lowrite|pg_logical|pg_replication|pg_export|pg_settings|pg_show|pg_backend|inet_client|inet_server|pg_stat|pg_sleep|" +
  "pg_terminate|pg_cancel|pg_reload|pg_read|pg_ls|pg_lock|pg_is_other_temp|pg_snapshot|txid_|pg_current)";

/**
 * One row with one boolean. $1 relations that must exist, $2 relations that may, $3 functions, $4 whether it writes.
 * Functions count as harmless when all that bear the name are builtin or belong to an extension, and none of them is
 * volatile but for a few. What a table runs by itself (defaults, checks, indexes, triggers) is looked at in the same way.
 */
export const verifyQuery = `
  with recursive named (oid) as (
    select pg_catalog.to_regclass(name) from pg_catalog.unnest($1::pg_catalog.text[] || $2::pg_catalog.text[]) as name
  ), relation (oid) as (
    select oid from named where oid is not null
    union
    select next.oid
      from relation r
      cross join lateral (
        select i.inhrelid::pg_catalog.regclass from pg_catalog.pg_inherits i where i.inhparent = r.oid
        union all
        select c.conrelid::pg_catalog.regclass from pg_catalog.pg_constraint c
         where $4::pg_catalog.bool and c.confrelid = r.oid and (c.confdeltype in ('c','n','d') or c.confupdtype in ('c','n','d'))
      ) as next (oid)
  ), own_function as (
    select p.oid, p.proname, p.pronargs, p.proargtypes
      from pg_catalog.pg_proc p
     where p.oid >= 16384 and not exists (
       select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
  ), expression (text, class, id) as (
    select pg_catalog.pg_get_expr(a.adbin, a.adrelid), 'pg_catalog.pg_attrdef'::pg_catalog.regclass, a.oid
      from pg_catalog.pg_attrdef a where a.adrelid in (select oid from relation)
    union all
    select pg_catalog.pg_get_constraintdef(c.oid), 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid
      from pg_catalog.pg_constraint c where c.contype = 'c' and (c.conrelid in (select oid from relation) or c.contypid <> 0)
    union all
    select pg_catalog.pg_get_indexdef(i.indexrelid), 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
      from pg_catalog.pg_index i
     where i.indrelid in (select oid from relation) and (i.indexprs is not null or i.indpred is not null)
  )
  select not exists (
           select from pg_catalog.unnest($1::pg_catalog.text[]) as name where pg_catalog.to_regclass(name) is null)
     and not exists (
           select from relation r join pg_catalog.pg_class c on c.oid = r.oid
            where c.relkind not in ('r', 'p') or c.relhasrules or c.relpersistence = 't' or c.oid < 16384
               or (c.relrowsecurity
                   and not (select rolbypassrls or rolsuper from pg_catalog.pg_roles where rolname = current_user))
               or ($4::pg_catalog.bool and exists (
                     select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)))
     and not exists (
           select from expression e
            where e.text ~ '${touching}'
               or exists (select from pg_catalog.pg_depend d join own_function f on f.oid = d.refobjid
                           where d.classid = e.class and d.objid = e.id
                             and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
     and not exists (
           select from pg_catalog.unnest($3::pg_catalog.text[]) as name
            where name ~ '${touching}'
               or not exists (select from pg_catalog.pg_proc p where p.proname = name)
               or exists (
                    select from pg_catalog.pg_proc p
                     where p.proname = name
                       and ((p.provolatile = 'v' and p.proname not in (
                               'random', 'random_normal', 'gen_random_uuid', 'uuid_generate_v4', 'uuidv4', 'uuidv7',
                               'clock_timestamp', 'timeofday', 'nextval', 'setval', 'gen_salt', 'gen_random_bytes'))
                            or p.oid in (select oid from own_function))))
     -- t.f may be written for f(t).
     and not exists (
           select from own_function f
            where f.pronargs = 1
              and (f.proargtypes[0] in (2249, 2276, 2283, 5077, 5079)
                   or f.proargtypes[0] in (select c.reltype from relation r join pg_catalog.pg_class c on c.oid = r.oid)))
     and not exists (
           select from pg_catalog.pg_operator o join own_function f on f.oid in (o.oprcode, o.oprrest, o.oprjoin)
            where o.oid >= 16384)
     and not exists (
           select from pg_catalog.pg_cast c join own_function f on f.oid = c.castfunc where c.oid >= 16384)
     and not exists (
           select from pg_catalog.pg_range r join own_function f on f.oid in (r.rngcanonical, r.rngsubdiff))
     and not exists (
           select from pg_catalog.pg_amproc a join own_function f on f.oid = a.amproc where a.oid >= 16384)`;

export const verifyParams = ({ relations, ambiguousRelations, functions, kind }: StatementProfile) => [
  arrayOf(relations),
  arrayOf(ambiguousRelations),
  arrayOf(functions),
  String(kind === "write"),
];

const arrayOf = (names: readonly string[]): string =>
  `{${names.map((name) => `"${name.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;

/**
 * One row with one text, which differs whenever something was added to, changed in or removed from what the query above
 * rests on.
 */
export const catalogStateQuery = `
  select pg_catalog.concat_ws(' ',
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_proc where oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_trigger),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_rewrite where oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_attrdef),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_constraint where oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_index where indexrelid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_operator where oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_cast where oid >= 16384),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_inherits),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_policy),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_foreign_table),
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.pg_namespace))`;
