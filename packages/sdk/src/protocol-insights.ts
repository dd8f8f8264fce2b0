/** In charge of the shapes of what is known of the statements that a database is asked. */

/** All runs of one statement, whatever its values were, in a span of time. */
export interface StatementInfo {
  fingerprint: string;
  /** Without values: `$1` where one was. */
  statement: string;
  kind: string;
  tables: string[];
  /** `postgres`: as the server counted it, by every way in; `http`: as SQL over HTTP did. */
  source: "http" | "postgres";
  calls: number;
  total_ms: number;
  mean_ms: number;
  max_ms: number;
  /** Time of all runs over HTTP that waited for a connection. */
  wait_ms: number;
  rows: number;
  errors: number;
  /** Runs that took longer than the limit. */
  slow: number;
  last_at: string;
}

export interface StatementMinute {
  minute: string;
  source: "http" | "postgres";
  calls: number;
  total_ms: number;
  max_ms: number;
  wait_ms: number;
  rows: number;
  errors: number;
  slow: number;
}

export interface StatementDetails extends StatementInfo {
  /** As EXPLAIN (FORMAT JSON) says it, for any values; null: it was not slow, or cannot be planned without its values. */
  plan: unknown;
  minutes: StatementMinute[];
}

/** One request's statement. */
export interface TracedStatement {
  fingerprint: string;
  statement: string;
  tables: string[];
  role: string;
  at: string;
  duration_ms: number;
  /** For a connection. */
  wait_ms: number;
  rows: number | null;
  slow: boolean;
  error_code: string | null;
}

export interface NPlusOneWarning {
  table: string;
  count: number;
  fingerprint: string;
  statement: string;
  /** `N+1 detected: 'users' queried 47 times in one request`. */
  message: string;
}

/** All that carried one `x-request-id`. */
export interface RequestTrace {
  request_id: string;
  database_id: string;
  at: string;
  duration_ms: number;
  statement_count: number;
  /** The first 500. */
  statements: TracedStatement[];
  slow_count: number;
  n1_warnings: NPlusOneWarning[];
}

/** A statement that requests ask again and again. */
export interface NPlusOneInfo {
  table: string;
  fingerprint: string;
  statement: string;
  /** How many requests did. */
  requests: number;
  /** How often the worst of them did. */
  count: number;
  message: string;
  last_request_id: string;
  first_at: string;
  last_at: string;
}

/** One database at this moment. */
export interface LiveDatabase {
  id: string;
  name: string;
  status: string;
  /** Over HTTP, as all up to `slow`. */
  statements_per_s: number;
  mean_ms: number;
  max_ms: number;
  /** For a connection, on average. */
  wait_ms: number;
  errors_per_s: number;
  slow: number;
  /** By every way in. */
  sessions: number;
  active: number;
  /** For a lock. */
  waiting: number;
  idle_in_transaction: number;
}

export interface LiveView {
  at: string;
  /** Over so many seconds figures are. */
  seconds: number;
  databases: LiveDatabase[];
  /** The last statements over HTTP that were slow, the newest first. */
  slow: { database_id: string; request_id: string; at: string; duration_ms: number; statement: string }[];
}

export interface StatementsQuery {
  since_minutes?: number | undefined;
  order?: "total" | "calls" | "mean" | "slow" | undefined;
  limit?: number | undefined;
}
