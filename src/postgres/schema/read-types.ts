/** In charge of reading what a program needs to know of a schema: columns, enums and functions, with their types. */
import type pg from "pg";

/** A type as a value of it travels: what an array holds and what a domain rests on are worked out already. */
export interface ValueType {
  name: string;
  /** Schema of an enum. */
  enum_schema: string | null;
  array: boolean;
}

export interface ColumnFacts {
  schema: string;
  relation: string;
  /** Table, partitioned or foreign table; else a view. */
  is_table: boolean;
  name: string;
  type: ValueType;
  nullable: boolean;
  has_default: boolean;
  /** Nothing may be written to it. */
  generated: boolean;
}

export interface EnumFacts {
  schema: string;
  name: string;
  labels: string[];
}

export interface FunctionFacts {
  schema: string;
  name: string;
  arguments: { name: string; type: ValueType; optional: boolean }[];
  returns: ValueType;
  returns_set: boolean;
}

export interface TypeCatalog {
  columns: ColumnFacts[];
  enums: EnumFacts[];
  functions: FunctionFacts[];
}

const spaces = `n.nspname !~ '^(pg_|information_schema$)' and n.nspname not in ('auth', 'postern', 'postern_private')`;

/** JSON of a type, by its oid: domains are followed, arrays opened. */
const valueType = (oid: string) => `(
  with recursive base as (
    select y.oid, y.typname, y.typnamespace, y.typtype, y.typcategory, y.typelem, y.typbasetype, false as "array"
      from pg_catalog.pg_type y where y.oid = ${oid}
    union all
    select y.oid, y.typname, y.typnamespace, y.typtype, y.typcategory, y.typelem, y.typbasetype,
           b."array" or (b.typtype <> 'd' and b.typcategory = 'A')
      from base b join pg_catalog.pg_type y
        on y.oid = case when b.typtype = 'd' then b.typbasetype when b.typcategory = 'A' then b.typelem end
  )
  select pg_catalog.json_build_object('name', b.typname, 'array', b."array", 'enum_schema', case b.typtype when 'e' then e.nspname end)
    from base b join pg_catalog.pg_namespace e on e.oid = b.typnamespace
   where b.typtype <> 'd' and (b.typcategory <> 'A' or b.typelem = 0) limit 1)`;

/** What extensions brought is not the owner's. */
const own = (kind: string, oid: string) =>
  `not exists (select from pg_catalog.pg_depend d where d.classid = '${kind}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

export async function readTypes(client: pg.ClientBase): Promise<TypeCatalog> {
  const { rows: columns } = await client.query<ColumnFacts>(`
    select n.nspname as schema, c.relname as relation, c.relkind in ('r', 'p', 'f') as is_table, a.attname as name,
           ${valueType("a.atttypid")} as type,
           not (a.attnotnull or exists (select from pg_catalog.pg_type y where y.oid = a.atttypid and y.typnotnull)) as nullable,
           a.atthasdef or a.attidentity <> '' as has_default, a.attgenerated <> '' or a.attidentity = 'a' as generated
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition and ${spaces} and ${own("pg_class", "c.oid")}
     order by n.nspname collate "C", c.relname collate "C", a.attnum`);
  const { rows: enums } = await client.query<EnumFacts>(`
    select n.nspname as schema, t.typname as name,
           array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as labels
      from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.typtype = 'e' and ${spaces} and ${own("pg_type", "t.oid")}
     order by n.nspname collate "C", t.typname collate "C"`);
  const { rows: functions } = await client.query<FunctionFacts>(`
    select n.nspname as schema, p.proname as name, p.proretset as returns_set, ${valueType("p.prorettype")} as returns,
           coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
               'name', coalesce(p.proargnames[i], ''), 'type', ${valueType("p.proargtypes[i - 1]")},
               'optional', i > p.pronargs - p.pronargdefaults) order by i)
             from pg_catalog.generate_series(1, p.pronargs) i), '[]') as arguments
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where p.prokind = 'f' and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
       and coalesce(p.proargmodes, '{i}') <@ '{i}'::"char"[] and ${spaces} and ${own("pg_proc", "p.oid")}
     order by n.nspname collate "C", p.proname collate "C", pg_catalog.pg_get_function_identity_arguments(p.oid) collate "C"`);
  return { columns, enums, functions };
}
