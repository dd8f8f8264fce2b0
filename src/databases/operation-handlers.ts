/** In charge of which code does which kind of operation. */

import type { OperationHandler } from "../instances/operation-run.ts";
import type { QueryService } from "../query/query-service.ts";
import { backUpServerOperation, disablePointInTime, enablePointInTime } from "./archive-database.ts";
import { createBackup } from "./create-backup.ts";
import { createBranch } from "./create-branch.ts";
import { createDatabase } from "./create-database.ts";
import { deleteBackup } from "./delete-backup.ts";
import { destroyDatabase } from "./destroy-database.ts";
import { migrateDatabase } from "./migrate-database.ts";
import { promoteDatabase } from "./promote-database.ts";
import { recoverServer } from "./recover-server.ts";
import { rehearseMigration } from "./rehearse-migration.ts";
import { replaceByBranch } from "./replace-by-branch.ts";
import { resetDatabase } from "./reset-database.ts";
import { restoreDatabase } from "./restore-database.ts";
import { restoreToTime } from "./restore-to-time.ts";
import { applyCredentials } from "./rotate-credentials.ts";
import { scaleDatabase } from "./scale-database.ts";
import { undeleteDatabase } from "./undelete-database.ts";
import { upgradeDatabase } from "./upgrade-database.ts";
import { verifyBackup } from "./verify-backup.ts";

export const operationHandlers = (
  sessions: Pick<QueryService, "closeDatabase" | "drainDatabase">,
): Record<string, OperationHandler> => ({
  create_database: createDatabase,
  create_branch: createBranch,
  rehearse_migration: rehearseMigration,
  reset_branch: replaceByBranch(sessions),
  promote_branch: replaceByBranch(sessions),
  destroy_database: destroyDatabase(sessions),
  undelete_database: undeleteDatabase,
  migrate: migrateDatabase,
  apply_credentials: applyCredentials,
  create_backup: createBackup,
  restore_backup: restoreDatabase(sessions),
  delete_backup: deleteBackup,
  verify_backup: verifyBackup,
  scale_database: scaleDatabase(sessions),
  upgrade_database: upgradeDatabase(sessions),
  reset_database: resetDatabase(sessions),
  wipe_database: resetDatabase(sessions),
  back_up_server: backUpServerOperation,
  enable_point_in_time: enablePointInTime,
  disable_point_in_time: disablePointInTime,
  restore_to_time: restoreToTime,
  promote_database: promoteDatabase(sessions),
  recover_server: recoverServer,
});
