/** In charge of the shapes of migrations, and of emptying a database for them. */
import type { ErrorBody } from "./protocol-error.ts";

/** A migration file as the client sends it; the daemon never reads the client's disk. */
export interface MigrationFileBody {
  name: string;
  sql: string;
}

export interface MigrateRequest {
  files: MigrationFileBody[];
}

/** How files are applied; all of them may be left out. */
export interface MigrateOptions {
  /** The last file to apply. */
  to?: string | undefined;
  /** Refuse a pending file that comes before an applied one. */
  strict?: boolean | undefined;
  /** How long a statement may wait for a lock; its file is tried again a few times. */
  lock_timeout_ms?: number | undefined;
  /** Run nothing: note as applied what is there already, by another tool's ledger or by the objects themselves. */
  baseline?: boolean | undefined;
}

export interface MigrationOutcome {
  name: string;
  /** `recorded`: noted as applied without running it. `undone`: taken back by its down file. */
  outcome: "applied" | "failed" | "not_run" | "recorded" | "undone";
  duration_ms: number | null;
  /** True when statements ran outside a transaction because Postgres demands it. */
  no_transaction: boolean;
  error: MigrationErrorBody | null;
  /** What else was done: an extension installed, an interrupted run continued. */
  notes: string[];
}

export interface MigrationErrorBody extends ErrorBody {
  file: string;
  /** 1-based; null when Postgres gave no position. */
  line: number | null;
  column: number | null;
  /** The text of that line. */
  line_text: string | null;
}

export interface MigrateResult {
  total: number;
  already_applied: number;
  applied: number;
  /** The files that were pending, in their order. */
  migrations: MigrationOutcome[];
  /** What is worth knowing and no failure: a ledger taken over, an applied file that is gone. */
  notes: string[];
}

export interface MigrationState {
  name: string;
  state: "applied" | "pending" | "changed" | "missing";
  checksum: string;
  applied_at: string | null;
  duration_ms: number | null;
  /** For a pending file: would it run in a transaction, how many statements. Null otherwise. */
  plan: MigrationPlan | null;
  /** For a pending file that cannot be run as it is: why, and where. */
  error: MigrationErrorBody | null;
}

export interface MigrationPlan {
  statements: number;
  no_transaction: boolean;
  /** Of a file that ran outside a transaction and was cut off. */
  statements_done: number;
}

export interface AppliedMigration {
  name: string;
  checksum: string;
  applied_at: string;
  duration_ms: number;
}

export interface WipeRequest {
  /** No backup of what is there now, where one would be made: on `db.p2` and `db.p3`. */
  skip_snapshot?: boolean | undefined;
}

export interface ResetRequest extends MigrateRequest, WipeRequest {}

/** Result of the operations `reset_database` and `wipe_database`. */
export interface ResetResult {
  database_id: string;
  /** The backup of what was there before. */
  snapshot_id: string | null;
  /** Null after a wipe. */
  migrations: MigrateResult | null;
}
