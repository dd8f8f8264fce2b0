/** In charge of what a move needs to know of a database's tables, and of comparing two copies of them. */
import type pg from "pg";
import { posternError } from "../../base/error.ts";

/** Tables whose rows belong to the tenant or to its ledger of migrations; not what every database has from the template. */
const moving = `
  c.relkind = 'r' and c.relpersistence <> 't' and c.oid >= 16384
  and n.nspname not in ('auth', 'pg_postern', 'postern_private', 'information_schema') and n.nspname !~ '^pg_'`;

export interface MovingTable {
  /** Quoted where needed. */
  name: string;
  /** `d` default, `n` nothing, `f` all columns, `i` an index. */
  identity: "d" | "n" | "f" | "i";
  /** Can an updated or deleted row be told by what it has now? */
  identifies: boolean;
  /** Has it columns that cannot be compared? Then not even all columns tell a row. */
  hasIncomparable: boolean;
}

export async function readTables(client: pg.Client): Promise<MovingTable[]> {
  const { rows } = await client.query<MovingTable>(`
    select format('%I.%I', n.nspname, c.relname) as name, c.relreplident as identity,
           c.relreplident in ('f', 'i') or (c.relreplident = 'd' and exists (
             select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indimmediate)) as identifies,
           exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
                    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                      and (t.typname in ('json', 'xml') or t.typcategory = 'G')) as "hasIncomparable"
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${moving}
     order by 1`);
  return rows;
}

/** Why the database's changes cannot be followed while it is written to; undefined when they can. */
export async function findObstacle(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ obstacle: string }>(`
    select 'the server does not write a logical log yet; a restart of it does' as obstacle
     where current_setting('wal_level') <> 'logical'
    union all
    select 'it has large objects' where exists (select from pg_largeobject_metadata)
    union all
    select 'it has unlogged tables' where exists (select from pg_class where relpersistence = 'u' and oid >= 16384)
    union all
    select 'it has materialized views' where exists (select from pg_class where relkind = 'm')
    union all
    select 'it has sequences that are not logged' where exists (
      select from pg_class where relkind = 'S' and relpersistence = 'u')`);
  const tables = await readTables(client);
  const nameless = tables.find((table) => !table.identifies && table.hasIncomparable);
  return (
    rows[0]?.obstacle ??
    (nameless && `table ${nameless.name} has no primary key, and columns that cannot be compared`)
  );
}

/** One text that differs when the schema does; temporary tables do not count, nor does what ANALYZE and TRUNCATE change. */
export async function readSchemaState(client: pg.Client): Promise<string> {
  const stateOf = (catalog: string, rows: string) =>
    `(select concat(count(*), ':', sum(xmin::text::int8)) from ${catalog} where ${rows})`;
  const { rows } = await client.query<{ state: string }>(`
    with kept as materialized (
      select oid, hashtextextended(concat_ws(' ', oid, relname, relnamespace, reltype, relowner, relkind, relpersistence,
               relrowsecurity, relforcerowsecurity, relispartition, relacl, reloptions), 0) as hash
        from pg_class where oid >= 16384 and relpersistence <> 't' and relkind <> 't')
    select concat_ws(' ', (select concat(count(*), ':', sum(hash)) from kept),
      ${[
        stateOf("pg_attribute", "attrelid in (select oid from kept)"),
        stateOf("pg_attrdef", "adrelid in (select oid from kept)"),
        stateOf("pg_constraint", "conrelid in (select oid from kept) or contypid <> 0"),
        stateOf("pg_trigger", "tgrelid in (select oid from kept)"),
        stateOf("pg_index", "indrelid in (select oid from kept)"),
        stateOf("pg_inherits", "inhrelid in (select oid from kept)"),
        stateOf("pg_sequence", "seqrelid in (select oid from kept)"),
        stateOf("pg_type", "oid >= 16384 and typtype in ('d', 'e', 'r', 'm')"),
        stateOf("pg_namespace", "nspname !~ '^pg_(toast_)?temp_'"),
        ...[
          "pg_proc",
          "pg_rewrite",
          "pg_operator",
          "pg_cast",
          "pg_collation",
          "pg_conversion",
          "pg_extension",
        ].map((catalog) => stateOf(catalog, "oid >= 16384")),
        ...[
          "pg_enum",
          "pg_policy",
          "pg_default_acl",
          "pg_event_trigger",
          "pg_publication",
          "pg_statistic_ext",
        ].map((catalog) => stateOf(catalog, "true")),
      ].join(",\n      ")}) as state`);
  return rows[0]!.state;
}

/** Every table has as many rows in both. @throws Y3046 */
export async function compareRows(source: pg.Client, target: pg.Client): Promise<number> {
  const [before, after] = await Promise.all([countRows(source), countRows(target)]);
  const names = new Set([...before.keys(), ...after.keys()]);
  // A database that was made before there was a log of changes has none, and its copy an empty one.
  const countIn = (counts: Map<string, string>, name: string) =>
    counts.get(name) ?? (/^postern[.](state_mutations_|kept_answers)/.test(name) ? "0" : undefined);
  const differing = [...names].filter((name) => countIn(before, name) !== countIn(after, name));
  if (differing.length === 0) return names.size;
  throw posternError("Y3046", "The copy differs from the database, which stays where it is.", {
    detail: differing
      .slice(0, 10)
      .map(
        (name) => `${name}: ${before.get(name) ?? "no table"} rows, copied ${after.get(name) ?? "no table"}`,
      )
      .join("\n"),
    hint: "Try again.",
  });
}

async function countRows(client: pg.Client): Promise<Map<string, string>> {
  const counts = new Map<string, string>();
  for (const { name } of await readTables(client)) {
    const { rows } = await client.query<{ count: string }>(`select count(*) from only ${name}`);
    counts.set(name, rows[0]!.count);
  }
  return counts;
}

/** Sequences do not travel with the rows. */
export async function copySequences(source: pg.Client, target: pg.Client): Promise<void> {
  const { rows } = await source.query<{ name: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'S' and c.relpersistence <> 't' and c.oid >= 16384`);
  for (const { name } of rows) {
    const { rows: values } = await source.query<{ last_value: string; is_called: boolean }>(
      `select last_value, is_called from ${name}`,
    );
    const { last_value: last, is_called: isCalled } = values[0]!;
    await target.query("select setval($1::regclass, $2::bigint, $3)", [name, last, isCalled]);
  }
}
