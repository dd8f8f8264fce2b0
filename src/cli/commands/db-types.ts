/** In charge of `postern db types`: TypeScript types of the live schema. */
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";

export const run: CommandRun = async (context, input) => {
  const { readTypes } = await import("../../postgres/schema/read-types.ts");
  const { renderTypes } = await import("../../postgres/schema/render-types.ts");
  const catalog = await withPostgres(context, input, input.args[0], readTypes);
  await context.output.print(catalog, () => renderTypes(catalog));
  return undefined;
};
