/** In charge of `postern db pitr show`. */
import type { PointInTimeInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatTime } from "../format.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const info = await (await context.forDatabase(target)).getPointInTime(target.ref);
  await context.output.print(info, () => renderFields(pointInTimeFields(info)));
  return undefined;
};

export function pointInTimeFields(info: PointInTimeInfo): [string, string | null][] {
  const window =
    info.earliest === null || info.latest === null
      ? null
      : `${formatTime(info.earliest)} to ${formatTime(info.latest)}`;
  return [
    ["Point in time", `${info.status}${info.reason === null ? "" : `: ${info.reason}`}`],
    ["Restorable", window],
    [
      "Missing",
      info.gaps
        .map(({ from, to }) => `${formatTime(from)} to ${to === null ? "now" : formatTime(to)}`)
        .join(", ") || null,
    ],
    ["Archive lag", info.lag_seconds === null ? null : `${info.lag_seconds} s`],
    ["Server backup", info.last_backup_at && formatTime(info.last_backup_at)],
    ["Kept for", info.retention_days === null ? null : `${info.retention_days} days`],
    ["Archive size", info.archive_bytes === null ? null : formatBytes(info.archive_bytes)],
    ["Problem", info.problem && `${info.problem.message} (${info.problem.code})`],
    ["Detail", info.problem?.detail ?? null],
  ];
}
