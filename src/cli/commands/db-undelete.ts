/** In charge of `postern db undelete`. */
import { hasCode } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { renderDatabase } from "./db-info.ts";

export const run: CommandRun = async (context, input) => {
  const control = await context.account();
  const ref = await findDestroyed(input.args[0]!);
  const operation = await control.undeleteDatabase(ref);
  await context.finish(control, operation, `Bringing ${input.args[0]} back`);
  const info = await control.getDatabase(operation.database_id ?? ref);
  context.output.success(`Database ${info.name} is back\n`);
  await context.output.print(info, () => renderDatabase(info));
  return undefined;

  /** The id of the destroyed database of that name; its name may be a living one's by now. */
  async function findDestroyed(named: string): Promise<string> {
    const destroyed = await control.listDatabases({ destroyed: true }).catch((error: unknown) => {
      if (hasCode(error, "Y2003")) return [];
      throw error;
    });
    return destroyed.find(({ id, name }) => id === named || name === named)?.id ?? named;
  }
};
