/**
 * In charge of asking the catalog whether a statement can run anything that touches its session: functions that change
 * or read settings, triggers, rules, row security, operators and casts of the user's own making.
 */
import type { StatementProfile } from "./statement-profile.ts";

/** Builtin functions that change a session, show one, or run SQL that is handed to them as text. */
const touching =
  "\\m(set_config|current_setting|pg_advisory|pg_try_advisory|setseed|currval|lastval|query_to_xml|table_to_xml|schema_to_xml|" +
  "database_to_xml|cursor_to_xml|ts_stat|ts_rewrite|dblink|pg_notify|pg_listening|pg_cursor|pg_prepared|pg_my_temp|lo_|loread|" +
  "lowrite|crosstab|connectby|xpath_table|isn_weak|pg_logical|pg_replication|pg_export|pg_settings|pg_show|pg_backend|inet_client|inet_server|pg_stat|pg_sleep|" +
  "pg_terminate|pg_cancel|pg_reload|pg_read|pg_ls|pg_lock|pg_is_other_temp|pg_snapshot|txid_|pg_current)";

/** Whose statement it is: the owner's, past row security, or a client's, which policies look at. */
export type Audience = "owner" | "client";

/** Volatile, and yet the session is the same after them. */
const harmlessVolatile =
  "gen_random_uuid uuid_generate_v4 uuidv4 uuidv7 clock_timestamp timeofday nextval setval gen_salt gen_random_bytes";
/** From a few numbers that a session gave one client, the next ones that it gives another could be told. */
const predictable = "random random_normal";

const listOf = (names: string): string => `('${names.replaceAll(" ", "', '")}')`;

/** What only a client's statement needs: the policies of a table, and the tables that they ask in their turn. */
const policies = {
  relations: `
        union all
        select d.refobjid::pg_catalog.regclass
          from pg_catalog.pg_policy p
          join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
         where p.polrelid = r.oid and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass`,
  expressions: `
    union all
    select pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)),
           'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid
      from pg_catalog.pg_policy p where p.polrelid in (select oid from relation)`,
};

/** What the statement reaches: `relation`, and `expression`, all that runs there without being named. */
const writeReach = (audience: Audience): string => `
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
         where $4::pg_catalog.bool and c.confrelid = r.oid and (c.confdeltype in ('c','n','d') or c.confupdtype in ('c','n','d'))${audience === "client" ? policies.relations : ""}
      ) as next (oid)
  ), member (class, id) as (
    select d.classid, d.objid from pg_catalog.pg_depend d
     where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e'
  ), own_function as (
    -- An extension can be given functions of anyone's; those that came with it belong to a superuser.
    select p.oid
      from pg_catalog.pg_proc p
     where p.oid >= 16384 and not (
       ('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid) in (select class, id from member)
       and (select rolsuper from pg_catalog.pg_roles r where r.oid = p.proowner))
       -- Who the caller is: Postern's own, in a schema in which nobody else can make anything.
       and not (p.pronamespace in (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'auth') and p.proname in ('uid', 'role', 'jwt', 'tenant_id')
         and (select r.rolsuper or r.rolname = 'postern_ident' from pg_catalog.pg_roles r where r.oid = p.proowner))
  ), expression (text, class, id) as (
    select pg_catalog.pg_get_expr(a.adbin, a.adrelid), 'pg_catalog.pg_attrdef'::pg_catalog.regclass, a.oid
      from pg_catalog.pg_attrdef a where a.adrelid in (select oid from relation)
    union all
    select pg_catalog.pg_get_constraintdef(c.oid), 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid
      from pg_catalog.pg_constraint c where c.contype = 'c' and (c.conrelid in (select oid from relation) or c.contypid <> 0)
    union all
    select pg_catalog.pg_get_expr(t.typdefaultbin, 0), 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid
      from pg_catalog.pg_type t where t.oid >= 16384 and t.typdefaultbin is not null
    union all
    select pg_catalog.pg_get_partkeydef(p.partrelid), 'pg_catalog.pg_class'::pg_catalog.regclass, p.partrelid
      from pg_catalog.pg_partitioned_table p where p.partrelid in (select oid from relation) and p.partexprs is not null
    union all
    select pg_catalog.pg_get_indexdef(i.indexrelid), 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
      from pg_catalog.pg_index i
     where i.indrelid in (select oid from relation) and (i.indexprs is not null or i.indpred is not null)${audience === "client" ? policies.expressions : ""}
  )`;

/**
 * Postern's own trigger, which leaves nothing behind in its session. Elsewhere than in requests of /records, which say whose
 * they are, only in the form that does nothing but for those.
 */
const isCapture = `(
  t.tgqual is null and ($6::pg_catalog.bool or pg_catalog.substring(t.tgargs, 1, 8) = '\\x${Buffer.from("records\0").toString("hex")}'::pg_catalog.bytea)
  and exists (select from pg_catalog.pg_proc p join pg_catalog.pg_roles o on o.oid = p.proowner
               where p.oid = t.tgfoid and p.proname = 'capture_mutation' and o.rolname = 'postern_log'))`;

/**
 * One row with one boolean. $1 relations that must exist, $2 relations that may, $3 functions that must exist, $4 whether
 * it writes, $5 functions that may exist, $6 whether each request says whose it is. Functions count as harmless when all that bear the name are builtin or belong
 * to an extension, and none of them is volatile but for a few. What a table runs by itself (defaults, checks, indexes,
 * partition keys, triggers) is looked at in the same way. What may run without being named (operators, casts, the
 * defaults and checks of domains) is looked at for the database as a whole. Tables whose policies apply to their owner
 * are out of the question for the owner; for clients policies are looked at as defaults are.
 */
const writeVerifyQuery = (audience: Audience): string => `${writeReach(audience)}
  select not exists (
           select from pg_catalog.unnest($1::pg_catalog.text[]) as name where pg_catalog.to_regclass(name) is null)
     and not exists (
           select from relation r join pg_catalog.pg_class c on c.oid = r.oid
            where c.relkind not in ('r', 'p') or c.relhasrules or c.relpersistence = 't' or c.oid < 16384
               ${audience === "owner" ? "or pg_catalog.row_security_active(c.oid)" : ""}
               or ($4::pg_catalog.bool and exists (
                     select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and not ${isCapture})))
     and not exists (
           select from expression e
            where e.text ~ '${touching}'
               or exists (select from pg_catalog.pg_depend d join own_function f on f.oid = d.refobjid
                           where d.classid = e.class and d.objid = e.id
                             and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
     and not exists (
           select from pg_catalog.unnest($3::pg_catalog.text[]) as name
            where not exists (select from pg_catalog.pg_proc p where p.proname = name))
     and not exists (
           select from pg_catalog.unnest($3::pg_catalog.text[] || $5::pg_catalog.text[]) as name
             join pg_catalog.pg_proc p on p.proname = name
            where name ~ '${touching}'
               or (p.provolatile = 'v' and p.proname not in ${listOf(
                 audience === "owner" ? `${harmlessVolatile} ${predictable}` : harmlessVolatile,
               )})
               or p.oid in (select oid from own_function))
     -- A user's operator or cast may stand for a builtin function as well.
     and not exists (
           select from pg_catalog.pg_operator o
            where o.oid >= 16384
              and (('pg_catalog.pg_operator'::pg_catalog.regclass, o.oid) not in (select class, id from member)
                   or o.oprcode in (select oid from own_function)))
     and not exists (
           select from pg_catalog.pg_cast c
            where c.oid >= 16384 and c.castfunc <> 0
              and (('pg_catalog.pg_cast'::pg_catalog.regclass, c.oid) not in (select class, id from member)
                   or c.castfunc in (select oid from own_function)))
     and not exists (
           select from pg_catalog.pg_range r join own_function f on f.oid in (r.rngcanonical, r.rngsubdiff))
     and not exists (
           select from pg_catalog.pg_amproc a join own_function f on f.oid = a.amproc where a.oid >= 16384)`;

export const verifyQuery: Record<Audience, string> = {
  owner: writeVerifyQuery("owner"),
  client: writeVerifyQuery("client"),
};

export const verifyParams = (
  { relations, ambiguousRelations, functions, attributes, kind }: StatementProfile,
  audience: Audience,
  isMarked: boolean,
) => [
  arrayOf(audience === "owner" ? relations : relations.map(asClientsSee)),
  arrayOf(audience === "owner" ? ambiguousRelations : ambiguousRelations.map(asClientsSee)),
  arrayOf(functions),
  String(kind !== "read"),
  arrayOf(attributes),
  String(isMarked),
];

/**
 * The catalog is asked by the owner, whose search path may be any; a client's is `public`, behind pg_catalog, where all
 * names begin with pg_.
 */
function asClientsSee(relation: string): string {
  if (!/^"(?:[^"]|"")*"$/.test(relation)) return relation;
  return relation.startsWith('"pg_') ? `pg_catalog.${relation}` : `public.${relation}`;
}

const arrayOf = (names: readonly string[]): string =>
  `{${names.map((name) => `"${name.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;

/** Rows of a catalog, as two numbers: one that was added, changed or removed since makes them differ. */
const stateOf = (catalog: string, rows: string) =>
  `(select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(xmin::text::int8)) from pg_catalog.${catalog} where ${rows})`;

/**
 * One row with one text, which differs whenever something was added to, changed in or removed from what the query above
 * rests on, or what the types of parameters and columns rest on. Temporary tables come and go and are never shared.
 */
export const catalogStateQuery = `
  with me as (
    select oid, rolsuper, rolbypassrls from pg_catalog.pg_roles where rolname = current_user
  ), kept as materialized (
    select c.oid, pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', c.oid, c.relname, c.relnamespace, c.relkind,
             c.relowner, c.relrowsecurity, c.relforcerowsecurity), 0) as hash
      from pg_catalog.pg_class c
     where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
  )
  select pg_catalog.concat_ws(' ',
    (select pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(hash)) from kept),
    ${[
      stateOf("pg_attribute", "attrelid in (select oid from kept)"),
      stateOf("pg_attrdef", "adrelid in (select oid from kept)"),
      stateOf("pg_index", "indrelid in (select oid from kept)"),
      stateOf("pg_trigger", "tgrelid in (select oid from kept)"),
      stateOf("pg_inherits", "inhrelid in (select oid from kept)"),
      stateOf("pg_constraint", "conrelid in (select oid from kept) or contypid <> 0"),
      stateOf("pg_type", "typtype = 'd'"),
      stateOf("pg_proc", "oid >= 16384"),
      stateOf("pg_rewrite", "oid >= 16384"),
      stateOf("pg_operator", "oid >= 16384"),
      stateOf("pg_cast", "oid >= 16384"),
      stateOf("pg_policy", "true"),
      stateOf("pg_namespace", "nspname !~ '^pg_(toast_)?temp_'"),
      // Of what all databases share, what concerns this one.
      stateOf(
        "pg_db_role_setting",
        "setrole in (0, (select oid from me)) and setdatabase in (0, (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))",
      ),
      stateOf("pg_auth_members", "member = (select oid from me)"),
    ].join(",\n    ")},
    (select pg_catalog.concat(rolsuper, rolbypassrls) from me))`;
