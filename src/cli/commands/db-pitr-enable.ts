/** In charge of `postern db pitr enable`. */
import type { CommandRun } from "../command-spec.ts";
import { readCount } from "../read-count.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";
import { pointInTimeFields } from "./db-pitr-show.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const days = readCount(input, "days");
  const operation = await control.enablePointInTime(
    target.ref,
    days === undefined ? {} : { retention_days: days },
  );
  await context.finish(control, operation, "Starting the archive");
  const info = await control.getPointInTime(target.ref);
  context.output.success("Every moment from now on can be restored");
  await context.output.print(info, () => renderFields(pointInTimeFields(info)));
  return undefined;
};
