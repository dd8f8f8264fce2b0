/** In charge of `postern db backup policy`: when a database is backed up by itself. */
import type { BackupPolicyInfo, BackupPolicyRequest } from "@postern/sdk/protocol";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const request = readRequest(input);
  const isChange = Object.keys(request).length > 0;
  const policy = isChange
    ? await (await context.account()).setBackupPolicy(target.ref, request)
    : await (await context.forDatabase(target)).getBackupPolicy(target.ref);
  if (isChange) context.output.success("Backup policy changed");
  await context.output.print(policy, () => renderFields(policyFields(policy)));
  return undefined;
};

/** An option that is not given changes nothing. */
function readRequest(input: CommandInput): BackupPolicyRequest {
  const text = (option: string) => {
    const value = input.text(option);
    return value === "default" ? null : value;
  };
  const onOff = (option: string) => {
    const value = text(option);
    return typeof value === "string" ? value === "on" : value;
  };
  const all: Record<keyof BackupPolicyRequest, string | boolean | null | undefined> = {
    schedule: text("schedule"),
    retention: text("retention"),
    snapshot_on_delete: onOff("snapshotOnDelete"),
    snapshot_on_reset: onOff("snapshotOnReset"),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export const policyFields = (policy: BackupPolicyInfo): [string, string | null][] => [
  ["Schedule", policy.schedule === null ? "off" : `${policy.schedule} (UTC)`],
  ["Next", policy.next_run_at && formatTime(policy.next_run_at)],
  ["Retention", policy.retention],
  ["On delete", policy.snapshot_on_delete ? "snapshot" : "only what undelete needs"],
  ["On reset", policy.snapshot_on_reset ? "snapshot" : "no snapshot"],
  ["Set here", policy.own.length === 0 ? "nothing: its class decides" : policy.own.join(", ")],
];
