/**
 * In charge of what servers count by themselves: statements by every way in, psql and ORMs included. What pg_stat_statements
 * says now less what it said last is what ran in between; what it said last outlives the daemon.
 */
import type pg from "pg";
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { databasesOfInstance, readBaseline, saveBaseline } from "../state/insights.ts";
import { type InstanceRow, listInstances } from "../state/instances.ts";
import { type InsightBook, minuteOf } from "./insight-book.ts";

/** Calls, total and longest time in milliseconds, rows. */
type Counters = [calls: number, totalMs: number, maxMs: number, rows: number];
type Baseline = Record<string, Counters>;

interface CounterRow {
  database: string;
  query_id: string;
  calls: number;
  total_ms: number;
  max_ms: number;
  rows: number;
}

/** Without texts: they lie in a file that is only read when something has run. */
const countersSql = `
  select d.datname as database, s.queryid::text as query_id, sum(s.calls)::float8 as calls, sum(s.total_exec_time) as total_ms,
         max(s.max_exec_time) as max_ms, sum(s.rows)::float8 as rows
    from pg_stat_statements(false) s join pg_database d on d.oid = s.dbid join pg_roles r on r.oid = s.userid
   where r.rolname !~ '^postern_' and d.datname = any ($1) group by 1, 2`;

const textsSql = `
  select s.queryid::text as query_id, min(s.query) as query from pg_stat_statements(true) s
   where s.queryid = any ($1::bigint[]) group by 1`;

export async function countServerStatements(platform: Platform, book: InsightBook): Promise<void> {
  for (const instance of await listInstances(platform.state)) {
    if (platform.stopping.aborted || instance.status !== "running") continue;
    await withLook(platform, instance, {}, (client) => countOn(platform, book, instance, client));
  }
}

async function countOn(
  { state, clock, config }: Platform,
  book: InsightBook,
  instance: InstanceRow,
  client: pg.Client,
): Promise<void> {
  if (!(await isCounting(client))) return;
  const databases = await databasesOfInstance(state, instance.id);
  const { rows } = await client.query<CounterRow>(countersSql, [[...databases.keys()]]);
  const before = ((await readBaseline(state, instance.id)) ?? {}) as Baseline;
  const changed = rows.flatMap((row) => {
    const delta = deltaOf(row, before[keyOf(row)]);
    return delta ? [{ row, delta }] : [];
  });
  if (changed.length === 0) return;
  const texts = await client.query<{ query_id: string; query: string }>(textsSql, [
    [...new Set(changed.map(({ row }) => row.query_id))],
  ]);
  const textOf = new Map(texts.rows.map(({ query_id: id, query }) => [id, query]));
  // First, so that a daemon that dies in between forgets a minute instead of counting it twice.
  await saveBaseline(
    state,
    instance.id,
    Object.fromEntries(rows.map((row) => [keyOf(row), countersOf(row)])),
  );
  const minute = minuteOf(clock.now());
  for (const { row, delta } of changed) {
    const [calls, totalMs, maxMs, count] = delta;
    const slow = totalMs / calls > config.insights.slowMs ? calls : 0;
    const figures = { calls, totalMs, maxMs, rows: count, waitMs: 0, errors: 0, slow };
    if (isOwn(textOf.get(row.query_id))) continue;
    const identity = await book.identify(textOf.get(row.query_id) ?? null);
    if (isLook(identity.tables)) continue;
    book.add("postgres", minute, { databaseId: databases.get(row.database)!, ...figures }, identity);
  }
}

/** The extension is in the server's own database, where no tenant is. */
async function isCounting(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ loaded: boolean; made: boolean }>(
    `select current_setting('shared_preload_libraries') ~ '\\mpg_stat_statements\\M' as loaded,
            exists (select from pg_extension where extname = 'pg_stat_statements') as made`,
  );
  const { loaded, made } = rows[0]!;
  if (!loaded) return false;
  if (!made) {
    await client.query("create extension if not exists pg_stat_statements");
    await client.query("revoke all on pg_stat_statements, pg_stat_statements_info from public");
  }
  return true;
}

/** What Postern asks to know a plan. */
const isOwn = (text: string | undefined): boolean =>
  text !== undefined &&
  /^\s*(prepare postern_plan\b|explain .{0,40}\bexecute postern_plan\b|select (\w+ from )?\S*\bhypopg_(create_index|reset)\()/i.test(
    text,
  );

/** Of tools that look at the catalog, Postern's own among them: nothing that an application asks. */
const isLook = (tables: readonly string[]): boolean =>
  tables.length > 0 && tables.every((table) => /^(pg_catalog\.)?pg_/.test(table));

const keyOf = ({ database, query_id: id }: CounterRow): string => `${database}/${id}`;
const countersOf = ({ calls, total_ms, max_ms, rows }: CounterRow): Counters => [
  calls,
  total_ms,
  max_ms,
  rows,
];

/** Counts that went down began anew: the server crashed, or forgot the statement for a while. */
export function deltaOf(row: CounterRow, before: Counters | undefined): Counters | undefined {
  if (!before || row.calls < before[0]) return row.calls > 0 ? countersOf(row) : undefined;
  const calls = row.calls - before[0];
  if (calls <= 0) return undefined;
  const totalMs = Math.max(0, row.total_ms - before[1]);
  // The longest of all times is of this minute only where it has grown.
  const maxMs = row.max_ms > before[2] ? row.max_ms : totalMs / calls;
  return [calls, totalMs, maxMs, Math.max(0, row.rows - before[3])];
}
