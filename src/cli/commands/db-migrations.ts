/** In charge of `postern db migrations`: what is applied. */
import type { CommandRun } from "../command-spec.ts";
import { formatDuration, formatTime } from "../format.ts";
import { withMigrationTarget } from "../migration-target.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const applied = await withMigrationTarget(context, input, (target) => target.listApplied());
  await context.output.print(applied, () =>
    renderColumns(
      applied.map(({ name, applied_at, duration_ms, checksum }) => [
        `✓ ${name}`,
        formatTime(applied_at),
        formatDuration(duration_ms),
        checksum.slice(0, 12),
      ]),
    ),
  );
  if (applied.length === 0) context.output.talk("No migrations are applied.");
  return undefined;
};
