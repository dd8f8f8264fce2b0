/** In charge of the shapes of branches that travel. */
import type { CreatedDatabase } from "./protocol-databases.ts";
import type { MigrationOutcome } from "./protocol-migrations.ts";

/** Body of `POST /v1/databases/:ref/branches`. */
export interface CreateBranchRequest {
  /** Made up when absent. */
  name?: string;
  /** `2h`, `7d`: after that it destroys itself. Absent: never. */
  ttl?: string;
  /** Make a last backup then. */
  backup_on_expiry?: boolean;
}

/** Body of `POST /v1/databases/:ref/branch/promote`. */
export interface PromoteBranchRequest {
  skip_safety_snapshot?: boolean;
}

export interface CreatedBranch extends CreatedDatabase {
  parent_id: string;
  /** How the data came over: blocks shared with the parent's, copied byte by byte, the disk of its machine at one moment, or dumped and restored. Null: not yet. */
  way: "reflink" | "copy" | "snapshot" | "dump" | null;
}

/** Answer of `GET /v1/databases/:ref/schema-diff`: what has to change in `base` so that it is `database`. */
export interface SchemaDiff {
  base: { id: string; name: string };
  database: { id: string; name: string };
  different: boolean;
  changes: SchemaChangeBody[];
  /** The same for people, like a migration: `+` new, `-` gone, `~` changed. */
  lines: string[];
}

export interface SchemaChangeBody {
  change: "added" | "removed" | "changed";
  /** `table`, `column`, `index`, `policy`, `function`, `grant`, … */
  kind: string;
  /** In full. */
  name: string;
  /** The table that it is a part of. */
  table: string | null;
  /** As SQL; null: it is not there. */
  before: string | null;
  after: string | null;
}

/** Result of the operation of `POST /v1/databases/:ref/migrations/rehearse`: the files ran on a copy, which is gone. */
export interface RehearsalResult {
  passed: boolean;
  total: number;
  already_applied: number;
  /** The files that are pending, in their order. */
  migrations: RehearsedMigration[];
  notes: string[];
}

export interface RehearsedMigration extends MigrationOutcome {
  /** The strongest lock on each table that was there before; null: not seen, as the file is no transaction. */
  locks: { relation: string; mode: string; blocks: string }[] | null;
  /** Tables that were written anew as a whole, with their size before. */
  rewrites: { relation: string; bytes: number }[];
}
