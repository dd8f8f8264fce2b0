/** In charge of giving the HTTP server the functions behind the routes of backup policies. */
import { changeBackupPolicy, describeBackupPolicy } from "../databases/change-backup-policy.ts";
import { describeBackupStatus } from "../databases/describe-backup-status.ts";
import { findDatabase } from "../databases/find-database.ts";
import type { BackupPolicyService } from "../http/services/backup-services.ts";
import type { Platform } from "../instances/platform.ts";
import { findBackupPolicy } from "../state/backup-policies.ts";

export function backupPolicyServices(platform: Platform): BackupPolicyService {
  return {
    async describe(principal, { ref }) {
      const row = await findDatabase(platform.state, principal, ref);
      return describeBackupPolicy(platform, row, await findBackupPolicy(platform.state, row.id));
    },
    async change(principal, { ref, ...input }) {
      return changeBackupPolicy(platform, await findDatabase(platform.state, principal, ref), input);
    },
    describeStatus: async (principal, { ref }) =>
      describeBackupStatus(platform, await findDatabase(platform.state, principal, ref)),
  };
}
