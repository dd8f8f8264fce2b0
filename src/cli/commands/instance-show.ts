/** In charge of `postern admin instance show`. */
import type { RegisteredInstance } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import type { Paint } from "../output.ts";
import { renderFields } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const control = await context.account();
  const ref = input.args[0]!;
  const instance = input.flag("check") ? await control.checkInstance(ref) : await control.showInstance(ref);
  await output.print(instance, () => renderInstance(instance, output.paint));
  return undefined;
};

export const paintStatus = ({ status }: Pick<RegisteredInstance, "status">, paint: Paint): string => {
  if (status === "healthy") return paint.green(status);
  return status === "unreachable" || status === "read_only" ? paint.red(status) : paint.yellow(status);
};

export function renderInstance(instance: RegisteredInstance, paint: Paint): string {
  const { capacity, databases, labels, reason } = instance;
  const draining = instance.draining && instance.status !== "draining" ? ", draining" : "";
  return renderFields([
    ["Name", instance.name],
    ["ID", instance.id],
    ["Status", `${paintStatus(instance, paint)}${draining} since ${formatTime(instance.since)}`],
    ["Why", reason],
    ["Address", instance.hosts.join(", ")],
    ["Encrypted", instance.tls === "disable" ? "no" : `yes, ${instance.tls}`],
    ["Postgres", `${instance.version}${instance.superuser ? "" : ", without a superuser"}`],
    ["Round trip", instance.latency_ms === null ? null : `${instance.latency_ms} ms`],
    ["Classes", instance.classes.join(", ") || "none: databases name it"],
    [
      "Labels",
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(", ") || null,
    ],
    ["Databases", capacity === null ? String(databases) : `${databases} of ${capacity}`],
    ["Connections", `${instance.promised_connections} promised, ${instance.max_connections} there are`],
    ["Extensions", instance.extensions.length === 0 ? null : `${instance.extensions.length} can be had`],
    ["Looked at", formatTime(instance.checked_at)],
    ...instance.warnings.map((warning) => ["Note", warning] as const),
  ]);
}
