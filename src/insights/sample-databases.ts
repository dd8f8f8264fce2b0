/**
 * In charge of looking at all databases once a minute: who is connected, who waits, how large they are, what their servers counted
 * since the last look. It wakes nobody: one that sleeps has a gap there. One that nobody uses has one row for all the time that it
 * is left alone: a thousand of them must not fill Postern's own tables.
 */
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { listSampledDatabases } from "../state/databases.ts";
import { type InstanceRow, listInstances } from "../state/instances.ts";
import {
  extendQuietSpans,
  longestSpanMs,
  type MetricSample,
  saveMetricSamples,
} from "../state/metric-samples.ts";

/** Of the pooler, for one database. */
export interface PoolUse {
  database: string;
  clients: number;
  waiting: number;
  /** Since the pooler started. */
  waitedMs: number;
}

export type ReadPools = () => Promise<PoolUse[] | undefined>;

/** `connected` counts clients only; the server's own workers commit in databases that nobody uses too. */
const lookSql = `
  select d.datname as database, s.sessions::float8 as connected, s.xact_commit::float8 as commits,
         s.xact_rollback::float8 as rollbacks, s.blks_hit::float8 as blocks_hit, s.blks_read::float8 as blocks_read,
         s.temp_bytes::float8 as temp_bytes, w.wal_bytes::float8 as wal_bytes, coalesce(a.sessions, 0) as sessions,
         coalesce(a.active, 0) as active, coalesce(a.waiting, 0) as waiting, coalesce(a.idle_in_transaction, 0) as idle_in_transaction
    from pg_database d join pg_stat_database s on s.datid = d.oid cross join pg_stat_wal w
    left join (
      select datid, count(*)::int as sessions, (count(*) filter (where state = 'active'))::int as active,
             (count(*) filter (where wait_event_type = 'Lock'))::int as waiting,
             (count(*) filter (where state like 'idle in transaction%'))::int as idle_in_transaction
        from pg_stat_activity where backend_type = 'client backend' group by datid) a on a.datid = d.oid
   where d.datname = any ($1)`;

const counters = ["commits", "rollbacks", "blocks_hit", "blocks_read", "temp_bytes", "wal_bytes"] as const;
type Counter = (typeof counters)[number];

export interface Look extends Record<Counter, number> {
  database: string;
  /** Sessions of clients that were ever opened. */
  connected: number;
  sessions: number;
  active: number;
  waiting: number;
  idle_in_transaction: number;
}

export interface Seen {
  look: Look;
  pool: PoolUse | undefined;
  sizeBytes: number | null;
  /** Do others write to its server's log? */
  isShared: boolean;
}

/** More than one look was missed: what happened meanwhile is not known, and one row must not say that it is. */
const longestGapMs = 150_000;

export class DatabaseSampler {
  readonly #readPools: ReadPools;
  readonly #spanMs: number;
  /** The last look. A daemon that starts anew knows of none. */
  #before = new Map<string, Seen>();
  #beforeMs = 0;
  /** When each database that is left alone began to be so. */
  #quiet = new Map<string, number>();

  /** `spanMs`: for how long one row may stand. */
  constructor(readPools: ReadPools, { spanMs = longestSpanMs } = {}) {
    this.#readPools = readPools;
    this.#spanMs = spanMs;
  }

  async sample(platform: Platform): Promise<void> {
    const now = platform.clock.now();
    const at = now.toISOString();
    const seen = await this.#look(platform);
    const gapMs = now.getTime() - this.#beforeMs;
    const before = gapMs >= 0 && gapMs <= longestGapMs ? this.#before : new Map<string, Seen>();
    const quiet = new Map<string, number>();
    const extended: { databaseId: string; from: string }[] = [];
    const samples: MetricSample[] = [];
    for (const [id, one] of seen) {
      const last = before.get(id);
      if (!last || !isLeftAlone(last, one)) {
        samples.push({ ...describe(one, this.#before.get(id)), database_id: id, at, until: null });
        continue;
      }
      const since = this.#quiet.get(id);
      if (since !== undefined && now.getTime() - since < this.#spanMs) {
        extended.push({ databaseId: id, from: new Date(since).toISOString() });
        quiet.set(id, since);
      } else {
        samples.push({ ...describeQuiet(one), database_id: id, at, until: at });
        quiet.set(id, now.getTime());
      }
    }
    this.#before = seen;
    this.#beforeMs = now.getTime();
    this.#quiet = new Map();
    if (samples.length > 0) await saveMetricSamples(platform.state, samples);
    if (extended.length > 0) await extendQuietSpans(platform.state, extended, at);
    // Only what is written goes on: where a write failed, the next look begins a row of its own.
    this.#quiet = quiet;
  }

  async #look(platform: Platform): Promise<Map<string, Seen>> {
    const pools = new Map((await this.#readPools())?.map((pool) => [pool.database, pool]));
    const seen = new Map<string, Seen>();
    for (const instance of await listInstances(platform.state)) {
      if (platform.stopping.aborted || instance.status !== "running") continue;
      const databases = await listSampledDatabases(platform.state, instance.id);
      const looks = databases.length > 0 ? await lookAt(platform, instance, databases) : undefined;
      for (const { id, database_name: name, size_bytes: size, isolation } of databases) {
        const look = looks?.get(name);
        const sizeBytes = size === null ? null : Number(size);
        if (look) seen.set(id, { look, pool: pools.get(name), sizeBytes, isShared: isolation === "shared" });
      }
    }
    return seen;
  }
}

async function lookAt(
  platform: Platform,
  instance: InstanceRow,
  databases: readonly { database_name: string }[],
): Promise<Map<string, Look>> {
  const names = databases.map(({ database_name: name }) => name);
  const found = await withLook(platform, instance, {}, (client) => client.query<Look>(lookSql, [names]));
  return new Map(found?.rows.map((look) => [look.database, look]));
}

/** Nobody was connected at both looks, nobody came in between, and it holds as much as it held. */
export function isLeftAlone(last: Seen, now: Seen): boolean {
  return (
    [last, now].every(({ look, pool }) => look.sessions === 0 && (pool?.clients ?? 0) === 0) &&
    (last.pool === undefined) === (now.pool === undefined) &&
    last.look.connected === now.look.connected &&
    last.sizeBytes === now.sizeBytes
  );
}

type Figures = Omit<MetricSample, "database_id" | "at" | "until">;

function describe(seen: Seen, last: Seen | undefined): Figures {
  const { look, pool } = seen;
  return figuresOf(
    seen,
    (counter) => addedTo(last?.look[counter], look[counter]),
    pool === undefined ? null : addedTo(last?.pool?.waitedMs, pool.waitedMs),
  );
}

/** What others write to the log of the server that they share is not known of a whole span. */
const describeQuiet = (seen: Seen): Figures =>
  figuresOf(
    seen,
    (counter) => (counter === "wal_bytes" && seen.isShared ? null : 0),
    seen.pool === undefined ? null : 0,
  );

function figuresOf(
  { look, pool, sizeBytes }: Seen,
  added: (counter: Counter) => number | null,
  waitedMs: number | null,
): Figures {
  const { sessions, active, waiting, idle_in_transaction } = look;
  return {
    ...{ sessions, active, waiting, idle_in_transaction, size_bytes: sizeBytes },
    pool_clients: pool?.clients ?? null,
    pool_waiting: pool?.waiting ?? null,
    pool_wait_ms: waitedMs,
    ...(Object.fromEntries(counters.map((counter) => [counter, added(counter)])) as Record<
      Counter,
      number | null
    >),
  };
}

/** A count that went down began anew. */
export function addedTo(before: number | undefined, now: number): number | null {
  if (before === undefined) return null;
  return now >= before ? now - before : now;
}
