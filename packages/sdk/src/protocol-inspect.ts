/** In charge of the shapes of what a database does at this moment, what it did minute by minute, and what would make it faster. */

/** One session of a database, with who keeps it waiting. */
export interface LiveSession {
  pid: number;
  user: string;
  application: string;
  /** Null: by a unix socket. */
  address: string | null;
  through: "direct" | "pooled" | "http" | "postern";
  /** `active`, `idle`, `idle in transaction` …; null while it starts. */
  state: string | null;
  /** What it runs, or ran last. */
  statement: string | null;
  connected_at: string;
  /** When its statement began; of one that rests, when that ended. */
  since: string | null;
  transaction_since: string | null;
  /** `Lock: relation`; null: for nothing. */
  waits_for: string | null;
  /** Processes that hold what it waits for. */
  blocked_by: number[];
  /** The lock that it waits for. */
  lock: { object: string; mode: string; since: string | null } | null;
}

export interface LiveSessions {
  at: string;
  /** False: it sleeps, and nobody is connected. */
  awake: boolean;
  sessions: LiveSession[];
}

export interface EndedSessionInfo {
  pid: number;
  action: "canceled" | "ended";
}

/** An index that is missing, or one that nobody needs. */
export interface IndexAdviceInfo {
  kind: "missing_index" | "unused_index" | "duplicate_index" | "invalid_index";
  table: string;
  columns: string[];
  /** The index that is there already. */
  index: string | null;
  reason: string;
  calls: number;
  total_ms: number;
  statements: string[];
  /** By Postgres's reckoning; null where it was not asked. */
  cost_before: number | null;
  /** Asked of Postgres, with an index that is only pretended; null where none can be. */
  cost_after: number | null;
  /** Reckoned from the rows that Postgres expects; null where nothing is missing. */
  cost_after_guess: number | null;
  size_bytes: number | null;
  /** The statement that does it. */
  run: string;
}

export interface DatabaseAdvice {
  /** False: it sleeps, and is not woken to be looked at. */
  awake: boolean;
  /** How many statements the advice rests on. */
  statements: number;
  indexes: IndexAdviceInfo[];
}

/** Figures of statements in steps of equal length, the oldest first. */
export interface StatementTrends {
  from: string;
  step_seconds: number;
  trends: { fingerprint: string; calls: number[]; mean_ms: (number | null)[] }[];
}

/** What a database did in one step; null where nobody measured. */
export interface MetricPoint {
  at: string;
  calls: number | null;
  errors: number | null;
  slow: number | null;
  mean_ms: number | null;
  max_ms: number | null;
  rows: number | null;
  /** Of SQL over HTTP, for a connection, on average. */
  http_wait_ms: number | null;
  sessions: number | null;
  active: number | null;
  /** For a lock. */
  waiting: number | null;
  idle_in_transaction: number | null;
  pool_clients: number | null;
  pool_waiting: number | null;
  /** Of clients of the pooler, for a connection, in all. */
  pool_wait_ms: number | null;
  size_bytes: number | null;
  commits: number | null;
  rollbacks: number | null;
  /** Share of blocks that were in Postgres's memory already. */
  cache_hit: number | null;
  temp_bytes: number | null;
  /** Written to the log of its whole server. */
  wal_bytes: number | null;
}

export interface DatabaseMetrics {
  from: string;
  to: string;
  step_seconds: number;
  /** Does its server serve other databases as well? Then what is measured of the server is of all of them. */
  shared_server: boolean;
  points: MetricPoint[];
}

export interface MetricsQuery {
  since_minutes?: number | undefined;
  from?: string | undefined;
  to?: string | undefined;
}
