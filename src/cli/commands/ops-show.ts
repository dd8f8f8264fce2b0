/** In charge of `postern ops show`. */
import type { OperationInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatDuration, formatTime } from "../format.ts";
import { renderColumns, renderFields } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const operation = await (await context.account()).getOperation(input.args[0]!);
  await context.output.print(operation, () => renderOperation(operation));
  return undefined;
};

export function renderOperation(operation: OperationInfo): string {
  const marks = { running: "○", completed: "✓", failed: "✗" } as const;
  const fields = renderFields([
    ["ID", operation.id],
    ["Kind", operation.kind],
    ["Status", operation.status],
    ["Database", operation.database_id],
    ["Created", formatTime(operation.created_at)],
    ["Finished", operation.finished_at && formatTime(operation.finished_at)],
    ["Error", operation.error && `${operation.error.message} (${operation.error.code})`],
  ]);
  const steps = operation.steps.map(({ name, status, started_at, finished_at }) => [
    `  ${marks[status]} ${name}`,
    finished_at === null ? status : formatDuration(Date.parse(finished_at) - Date.parse(started_at)),
  ]);
  return steps.length === 0 ? fields : `${fields}\n\n${renderColumns(steps)}`;
}
