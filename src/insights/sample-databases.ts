/**
 * In charge of looking at all databases once a minute: who is connected, who waits, how large they are, what their servers counted
 * since the last look. It wakes nobody: one that sleeps has a gap there.
 */
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { databasesOfInstance } from "../state/insights.ts";
import { type InstanceRow, listInstances } from "../state/instances.ts";
import { type MetricSample, saveMetricSamples } from "../state/metric-samples.ts";

/** Of the pooler, for one database. */
export interface PoolUse {
  database: string;
  clients: number;
  waiting: number;
  /** Since the pooler started. */
  waitedMs: number;
}

export type ReadPools = () => Promise<PoolUse[] | undefined>;

const lookSql = `
  select d.datname as database, pg_database_size(d.oid)::float8 as size_bytes, s.xact_commit::float8 as commits,
         s.xact_rollback::float8 as rollbacks, s.blks_hit::float8 as blocks_hit, s.blks_read::float8 as blocks_read,
         s.temp_bytes::float8 as temp_bytes, w.wal_bytes::float8 as wal_bytes, coalesce(a.sessions, 0) as sessions,
         coalesce(a.active, 0) as active, coalesce(a.waiting, 0) as waiting, coalesce(a.idle_in_transaction, 0) as idle_in_transaction
    from pg_database d join pg_stat_database s on s.datid = d.oid cross join pg_stat_wal w
    left join lateral (
      select count(*)::int as sessions, (count(*) filter (where state = 'active'))::int as active,
             (count(*) filter (where wait_event_type = 'Lock'))::int as waiting,
             (count(*) filter (where state like 'idle in transaction%'))::int as idle_in_transaction
        from pg_stat_activity where datid = d.oid and backend_type = 'client backend') a on true
   where d.datname = any ($1)`;

const counters = ["commits", "rollbacks", "blocks_hit", "blocks_read", "temp_bytes", "wal_bytes"] as const;
type Counted = Record<(typeof counters)[number], number>;

interface Look extends Counted {
  database: string;
  size_bytes: number;
  sessions: number;
  active: number;
  waiting: number;
  idle_in_transaction: number;
}

export class DatabaseSampler {
  readonly #readPools: ReadPools;
  /** What servers and the pooler had counted at the last look. A daemon that starts anew knows of no last look. */
  #counted = new Map<string, Counted>();
  #waited = new Map<string, number>();

  constructor(readPools: ReadPools) {
    this.#readPools = readPools;
  }

  async sample(platform: Platform): Promise<void> {
    const at = platform.clock.now().toISOString();
    const pools = new Map((await this.#readPools())?.map((pool) => [pool.database, pool]));
    const counted = new Map<string, Counted>();
    const samples: MetricSample[] = [];
    for (const instance of await listInstances(platform.state)) {
      if (platform.stopping.aborted || instance.status !== "running") continue;
      for (const [id, look] of await lookAt(platform, instance)) {
        counted.set(id, look);
        samples.push({ ...this.#describe(id, look, pools.get(look.database)), at });
      }
    }
    this.#counted = counted;
    this.#waited = new Map([...pools.values()].map(({ database, waitedMs }) => [database, waitedMs]));
    if (samples.length > 0) await saveMetricSamples(platform.state, samples);
  }

  #describe(id: string, look: Look, pool: PoolUse | undefined): Omit<MetricSample, "at"> {
    const before = this.#counted.get(id);
    const waitedBefore = this.#waited.get(look.database);
    const { size_bytes, sessions, active, waiting, idle_in_transaction } = look;
    return {
      database_id: id,
      ...{ size_bytes, sessions, active, waiting, idle_in_transaction },
      pool_clients: pool?.clients ?? null,
      pool_waiting: pool?.waiting ?? null,
      pool_wait_ms: pool === undefined ? null : addedTo(waitedBefore, pool.waitedMs),
      ...(Object.fromEntries(counters.map((key) => [key, addedTo(before?.[key], look[key])])) as Counted),
    };
  }
}

async function lookAt(platform: Platform, instance: InstanceRow): Promise<Map<string, Look>> {
  const databases = await databasesOfInstance(platform.state, instance.id);
  if (databases.size === 0) return new Map();
  const found = await withLook(platform, instance, {}, (client) =>
    client.query<Look>(lookSql, [[...databases.keys()]]),
  );
  return new Map(found?.rows.map((look) => [databases.get(look.database)!, look]));
}

/** A count that went down began anew. */
export function addedTo(before: number | undefined, now: number): number | null {
  if (before === undefined) return null;
  return now >= before ? now - before : now;
}
