/** In charge of the shapes of databases that sleep, as they travel. */
import type { DatabaseStatus } from "./protocol-databases.ts";

/** Body of `PUT /v1/databases/:ref/pause`. */
export interface PauseRules {
  /** Seconds without a statement after which it sleeps by itself; 0: never; null: as the operator has set it. */
  after_seconds: number | null;
}

export interface DatabaseSession {
  pid: number;
  user: string;
  application: string;
  /** How it came; `postern`: Postern's own work, such as a backup. */
  through: "pooled" | "direct" | "http" | "postern";
  /** Where a direct one came from, as Postgres sees it. */
  address: string | null;
  /** As Postgres calls it: `idle`, `active`, `idle in transaction`; null: it logs in. */
  state: string | null;
  connected_at: string;
  last_statement_at: string | null;
}

/** What `db why-awake` answers with. */
export interface DatabaseActivity {
  status: DatabaseStatus;
  /** Why it does not sleep, the weightiest first; none for one that sleeps. */
  reasons: string[];
  paused_at: string | null;
  pause_after_seconds: number | null;
  /** As far as is known. */
  last_statement_at: string | null;
  /** When it will sleep if no statement comes; null: not by itself. */
  pauses_at: string | null;
  sessions: DatabaseSession[];
  /** Work on it that goes on. */
  operations: { id: string; kind: string; started_at: string | null }[];
}
