/** In charge of naming what the HTTP server needs for what is done with a database as a whole: made, moved, put to sleep, branched, migrated, emptied. */

import type {
  AppliedMigration,
  CreateBranchRequest,
  CreateDatabaseRequest,
  CreatedBranch,
  CreatedDatabase,
  DatabaseActivity,
  DatabaseInfo,
  DatabaseUrls,
  MigrateOptions,
  MigrateRequest,
  MigrationState,
  OperationInfo,
  PauseRules,
  ResetRequest,
  ScaleRequest,
  SchemaDiff,
  UpgradeRequest,
  WipeRequest,
} from "@postern/sdk/protocol";
import type { AccountPrincipal, Principal } from "../../access/principal.ts";

/** A database as a caller names it: by id, or by a name that is unique among what the caller may see. */
export interface DatabaseRef {
  ref: string;
}

export interface DatabaseService {
  /** `wait`: resolves when the database is ready, else as soon as the operation is accepted. */
  create(
    principal: AccountPrincipal,
    input: CreateDatabaseRequest & { wait: boolean },
  ): Promise<CreatedDatabase>;
  /** `total`: how many there are, of which these may be a part. */
  list(
    principal: AccountPrincipal,
    input: {
      destroyed: boolean;
      search?: string | undefined;
      limit?: number | undefined;
      offset?: number | undefined;
    },
  ): Promise<{ databases: DatabaseInfo[]; total: number }>;
  describe(principal: Principal, input: DatabaseRef): Promise<DatabaseInfo>;
  describeUrls(principal: Principal, input: DatabaseRef): Promise<DatabaseUrls>;
  destroy(
    principal: AccountPrincipal,
    input: DatabaseRef & { skipSnapshot: boolean; withBranches: boolean },
  ): Promise<OperationInfo>;
  undelete(principal: AccountPrincipal, input: DatabaseRef): Promise<OperationInfo>;
}

export interface BranchService {
  /** `wait`: resolves when the branch is ready or a while has passed, else as soon as the operation is accepted. */
  create(
    principal: AccountPrincipal,
    input: DatabaseRef & CreateBranchRequest & { wait: boolean },
  ): Promise<CreatedBranch>;
  list(principal: AccountPrincipal, input: DatabaseRef): Promise<DatabaseInfo[]>;
  /** Its data becomes its parent's of now. @throws Y3070 Y3072 */
  reset(principal: Principal, input: DatabaseRef): Promise<OperationInfo>;
  /** Its parent's data becomes that of the branch. @throws Y3070 Y3072 */
  promote(
    principal: AccountPrincipal,
    input: DatabaseRef & { skip_safety_snapshot?: boolean | undefined },
  ): Promise<OperationInfo>;
  /** `base` undefined: the parent. @throws Y3070 */
  compare(
    principal: AccountPrincipal,
    input: DatabaseRef & { base?: string | undefined },
  ): Promise<SchemaDiff>;
}

export interface ScaleService {
  /** @throws Y3043 Y3044 Y3045 */
  scale(principal: AccountPrincipal, input: DatabaseRef & ScaleRequest): Promise<OperationInfo>;
}

export interface UpgradeService {
  /** @throws Y3009 Y2060 Y2061 Y2062 Y2063 Y2064 */
  upgrade(principal: AccountPrincipal, input: DatabaseRef & UpgradeRequest): Promise<OperationInfo>;
}

export interface PauseService {
  /** Resolves when it sleeps. @throws Y4010 when it is in use */
  pause(principal: AccountPrincipal, input: DatabaseRef): Promise<DatabaseInfo>;
  /** Resolves when it is awake. */
  resume(principal: Principal, input: DatabaseRef): Promise<DatabaseInfo>;
  /** After how many seconds without a statement it sleeps; 0: never; null: as the operator has set it. */
  setPauseAfter(principal: AccountPrincipal, input: DatabaseRef & PauseRules): Promise<DatabaseInfo>;
  /** Who keeps it awake. */
  describeActivity(principal: Principal, input: DatabaseRef): Promise<DatabaseActivity>;
}

export interface MigrationService {
  migrate(principal: Principal, input: DatabaseRef & MigrateRequest & MigrateOptions): Promise<OperationInfo>;
  /** The same on a copy, which is removed. */
  rehearse(principal: Principal, input: DatabaseRef & MigrateRequest): Promise<OperationInfo>;
  /** What `migrate` with these files would meet. */
  compare(principal: Principal, input: DatabaseRef & MigrateRequest): Promise<MigrationState[]>;
  listApplied(principal: Principal, input: DatabaseRef): Promise<AppliedMigration[]>;
}

export interface ResetService {
  /** Empties the database and applies migrations. @throws Y3004 Y5004 */
  reset(principal: Principal, input: DatabaseRef & ResetRequest): Promise<OperationInfo>;
  /** Empties the database. @throws Y3004 */
  wipe(principal: Principal, input: DatabaseRef & WipeRequest): Promise<OperationInfo>;
}
