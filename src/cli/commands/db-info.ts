/** In charge of `postern db info` and `db status`: one database as it is now. */
import type { DatabaseInfo, ServerSandbox } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatTime } from "../format.ts";
import { renderFields } from "../table.ts";
import { requireTarget } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireTarget(context, input, input.args[0]);
  if (target.kind === "url") {
    const { readServerFacts, renderServerFacts } = await import("../read-server-facts.ts");
    const facts = await readServerFacts(target.url);
    await context.output.print(facts, () => renderServerFacts(facts));
    return undefined;
  }
  const info = await (await context.forDatabase(target)).getDatabase(target.ref);
  await context.output.print(info, () => renderDatabase(info));
  for (const warning of info.warnings) context.output.warn(warning);
  return undefined;
};

const describePlace = ({ name, status, reason }: NonNullable<DatabaseInfo["external_instance"]>): string =>
  `${name}, ${status}${reason === null ? "" : `: ${reason}`}`;

function describeSandbox(sandbox: ServerSandbox): string {
  const {
    files,
    process_memory_bytes: each,
    server_memory_bytes: all,
    server_processes: processes,
  } = sandbox;
  return [
    files === "own" ? "files and processes of its own" : "none",
    `${formatBytes(each)} of memory for a process`,
    ...(all === null ? [] : [`${formatBytes(all)} for all`]),
    ...(processes === null ? [] : [`at most ${processes} processes`]),
  ].join("; ");
}

export function renderDatabase(info: DatabaseInfo): string {
  const time = (text: string | null) => text && formatTime(text);
  const limit = info.storage_limit_bytes === null ? "" : ` of ${formatBytes(info.storage_limit_bytes)}`;
  return `Database ${info.name}\n\n${renderFields([
    ["ID", info.id],
    ["Status", info.status],
    ["Healthy", info.healthy === null ? null : info.healthy ? "yes" : "no"],
    ["Host", info.host],
    ["Class", `${info.class}, ${info.isolation}`],
    ["Instance", info.external_instance && describePlace(info.external_instance)],
    ["Postgres", info.version],
    ["Sandbox", info.sandbox && describeSandbox(info.sandbox)],
    ["Database", info.database],
    ["User", info.user],
    ["Size", info.size_bytes === null ? null : `${formatBytes(info.size_bytes)}${limit}`],
    ["Connections", info.connections && `${info.connections.open} of ${info.connections.limit}`],
    ["Client access", info.client_access ? "yes" : "no"],
    [
      "Branch of",
      info.parent_id && `${info.parent_id}${info.branched_at ? `, as of ${time(info.branched_at)}` : ""}`,
    ],
    [
      "Environment",
      info.environment &&
        `${info.environment.project}/${info.environment.name}, as ${info.environment.service}`,
    ],
    ["Expires", time(info.expires_at)],
    ["Owner", info.owner],
    ["Last backup", time(info.last_backup_at)],
    ["Created", formatTime(info.created_at)],
    ["Destroyed", time(info.destroyed_at)],
    ["Recoverable", info.recoverable_until && `until ${formatTime(info.recoverable_until)}`],
  ])}`;
}
