/** In charge of the shapes of branches that travel. */
import type { CreatedDatabase } from "./protocol.ts";

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
  /** How the data came over: blocks shared with the parent's, copied byte by byte, or dumped and restored. Null: not yet. */
  way: "reflink" | "copy" | "dump" | null;
}
