/** In charge of giving the HTTP server the functions behind the routes of backups. */

import type { Principal } from "../access/principal.ts";
import { describeBackup } from "../backups/describe-backup.ts";
import { openBackupDownload } from "../backups/open-backup-download.ts";
import { checkDownload, signDownload } from "../backups/sign-download.ts";
import { posternError } from "../base/error.ts";
import type { BackupId } from "../base/id.ts";
import { requestBackup } from "../databases/create-backup.ts";
import { requestDeleteBackup } from "../databases/delete-backup.ts";
import { findDatabase } from "../databases/find-database.ts";
import { requestRestore } from "../databases/restore-database.ts";
import { requestVerification } from "../databases/verify-backup.ts";
import type { BackupService } from "../http/services/backup-services.ts";
import type { Platform } from "../instances/platform.ts";
import { type BackupRow, findBackup, listBackups } from "../state/backups.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { describeOperation } from "../state/operations.ts";
import { accountOf } from "./database-services.ts";
import { apiUrl } from "./describe-daemon.ts";

export function backupServices(platform: Platform): BackupService {
  const find = (principal: Principal, ref: string) => findDatabase(platform.state, principal, ref);
  /** Others' backups are as unknown as those that never were. */
  const findVisible = async (principal: Principal, id: BackupId): Promise<BackupRow> => {
    const backup = await findBackup(platform.state, id);
    const database = backup && (await findDatabaseById(platform.state, backup.database_id));
    if (backup && database && maySee(principal, database)) return backup;
    throw posternError("Y6001", `There is no backup ${id}.`, {
      hint: "`postern db backup list` lists those of a database.",
    });
  };
  return {
    create: async (principal, { ref, ...input }) =>
      describeOperation(
        await requestBackup(platform, accountOf(principal), await find(principal, ref), input),
      ),
    async list(principal, { ref, status, limit }) {
      const rows = await listBackups(platform.state, {
        databaseId: (await find(principal, ref)).id,
        status,
        limit,
      });
      return rows.map(describeBackup);
    },
    describe: async (principal, { id }) => describeBackup(await findVisible(principal, id)),
    delete: async (principal, { id }) =>
      describeOperation(
        await requestDeleteBackup(platform, accountOf(principal), await findVisible(principal, id)),
      ),
    verify: async (principal, { id }) =>
      describeOperation(
        await requestVerification(platform, accountOf(principal), await findVisible(principal, id)),
      ),
    download: async (principal, { id }) => openBackupDownload(platform, await findVisible(principal, id)),
    async signDownload(principal, { id, expiresIn }) {
      const { id: known } = await findVisible(principal, id);
      return signDownload(platform, apiUrl(platform), known, expiresIn);
    },
    async downloadSigned({ id, expires, signature }) {
      checkDownload(platform, id, expires, signature);
      const backup = await findBackup(platform.state, id);
      if (!backup) throw posternError("Y6001", `There is no backup ${id} any more.`);
      return openBackupDownload(platform, backup);
    },
    async restore(principal, { ref, ...input }) {
      const row = await find(principal, ref);
      const backup = await findVisible(principal, input.backup_id as BackupId);
      return describeOperation(await requestRestore(platform, accountOf(principal), row, backup, input));
    },
  };
}

function maySee(principal: Principal, database: DatabaseRow): boolean {
  if (principal.kind === "database") return principal.databaseId === database.id;
  return principal.role === "admin" || principal.accountId === database.account_id;
}
