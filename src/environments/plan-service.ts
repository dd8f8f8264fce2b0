/**
 * In charge of what a manifest changes of one managed database. What changed in the manifest since it was last applied is
 * done; what was changed by hand since then stays, and is told.
 */
import type {
  AppliedChange,
  DatabaseClass,
  ManagedBackupWishes,
  ManagedServiceWishes,
} from "@postern/sdk/protocol";
import type { AppliedService } from "../state/environment-services.ts";

const backupFields = ["schedule", "retention", "snapshot_on_delete", "snapshot_on_reset"] as const;

/** How the database is; of its backups what was set for it, null where its class decides. */
export interface ServiceNow {
  class: DatabaseClass;
  /** Major version of its Postgres. */
  version: string;
  backup: {
    schedule: string | null;
    retention: string | null;
    snapshot_on_delete: boolean | null;
    snapshot_on_reset: boolean | null;
  };
}

export interface ServicePlan {
  changes: AppliedChange[];
  notes: string[];
}

export function planService(
  wishes: ManagedServiceWishes,
  now: ServiceNow,
  applied: AppliedService,
): ServicePlan {
  const plan: ServicePlan = { changes: [], notes: [] };
  planClass(plan, wishes.class, now.class, applied.class);
  planBackup(plan, wishes.backup ?? {}, now.backup, applied);
  const major = now.version.split(".")[0];
  const wanted = wishes.engine_version;
  if (wanted !== undefined && wanted !== major && wanted !== now.version)
    plan.notes.push(`It runs Postgres ${now.version}; the manifest says ${wanted}. Its version is kept.`);
  return plan;
}

function planClass(plan: ServicePlan, wanted: DatabaseClass, now: DatabaseClass, last: DatabaseClass): void {
  if (wanted === now) return;
  if (wanted === last)
    plan.notes.push(`It was given class ${now} by hand; the manifest still says ${wanted}. It is kept.`);
  else plan.changes.push({ field: "class", from: now, to: wanted });
}

function planBackup(
  plan: ServicePlan,
  wanted: ManagedBackupWishes,
  now: ServiceNow["backup"],
  last: AppliedService,
): void {
  for (const field of backupFields) {
    const wish = normal(field, wanted[field]);
    if (wish === now[field]) continue;
    // What the manifest never spoke of is the owner's own.
    const before = normal(field, last[field]);
    if (wish === null && before === null) continue;
    if (wish === before || (wish === null && now[field] !== before))
      plan.notes.push(`Its ${words[field]} was changed by hand; it is kept.`);
    else plan.changes.push({ field, from: now[field], to: wish });
  }
}

const words: Record<(typeof backupFields)[number], string> = {
  schedule: "backup schedule",
  retention: "backups' retention",
  snapshot_on_delete: "snapshot_on_delete",
  snapshot_on_reset: "snapshot_on_reset",
};

/** As the policy's row has it: `off` for no schedule, and no needless blanks. */
function normal(field: (typeof backupFields)[number], wish: string | boolean | undefined) {
  if (wish === undefined) return null;
  if (field === "schedule") return wish === false ? "off" : String(wish).trim().replaceAll(/\s+/g, " ");
  return field === "retention" ? String(wish).replaceAll(/\s/g, "") : wish;
}

/** What is remembered of the manifest for the next time. */
export const appliedOf = ({ class: databaseClass, engine_version, backup }: ManagedServiceWishes) => ({
  class: databaseClass,
  ...(engine_version === undefined ? {} : { engine_version }),
  ...backup,
});
