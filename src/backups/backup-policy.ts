/** In charge of a database's backup policy: the tier's defaults, and what its owner wishes instead. */
import type { DatabaseClass } from "@postern/sdk/protocol";
import { parseDuration } from "../base/duration.ts";
import type { Platform } from "../instances/platform.ts";
import { type BackupPolicyWishes, findBackupPolicy } from "../state/backup-policies.ts";
import type { DatabaseRow } from "../state/databases.ts";

export interface BackupPolicy {
  /** Cron in UTC; null: none. */
  schedule: string | null;
  /** For example `30d`. */
  retention: string;
  snapshotOnDelete: boolean;
  snapshotOnReset: boolean;
}

const policyOfClass: Record<DatabaseClass, BackupPolicy> = {
  "db.p1": { schedule: "0 0 * * *", retention: "7d", snapshotOnDelete: false, snapshotOnReset: false },
  "db.p2": { schedule: "0 2 * * *", retention: "30d", snapshotOnDelete: true, snapshotOnReset: true },
  "db.p3": { schedule: "0 2 * * *", retention: "90d", snapshotOnDelete: true, snapshotOnReset: true },
};

type Subject = Pick<DatabaseRow, "class" | "parent_id">;

/** A branch lives for a short time and began as a copy: its class says only how long a backup is kept that is asked for. */
const usualPolicyOf = ({ class: databaseClass, parent_id: parentId }: Subject): BackupPolicy => {
  const usual = policyOfClass[databaseClass];
  if (parentId === null) return usual;
  return { ...usual, schedule: null, snapshotOnDelete: false, snapshotOnReset: false };
};

/** What holds for a database. */
export function policyOf(row: Subject, wishes: BackupPolicyWishes): BackupPolicy {
  const usual = usualPolicyOf(row);
  return {
    schedule: wishes.schedule === "off" ? null : (wishes.schedule ?? usual.schedule),
    retention: wishes.retention ?? usual.retention,
    snapshotOnDelete: wishes.snapshot_on_delete ?? usual.snapshotOnDelete,
    snapshotOnReset: wishes.snapshot_on_reset ?? usual.snapshotOnReset,
  };
}

/** When a backup expires that is made now. @param retention of this one; else the policy's. @throws Y1001 */
export const expiryOf = (now: Date, policy: BackupPolicy, retention = policy.retention): Date =>
  new Date(now.getTime() + parseDuration(retention));

/** @see policyOf */
export async function findPolicy(
  platform: Pick<Platform, "state">,
  row: Subject & Pick<DatabaseRow, "id">,
): Promise<BackupPolicy> {
  return policyOf(row, await findBackupPolicy(platform.state, row.id));
}
