/** In charge of `postern db scale`. */
import type { DatabaseClass, ScaleResult } from "@postern/sdk/protocol";
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const wanted = input.text("class") as DatabaseClass;
  const control = await context.account();
  const info = await control.getDatabase(target.ref);
  if (!isConfirmed(input) && info.class !== wanted) {
    await context.prompt.confirm(
      `Scale ${info.name} (${info.id}) from ${info.class} to ${wanted}? Clients wait for a moment at its end, and direct connections end.`,
    );
  }
  const operation = await control.scaleDatabase(info.id, { class: wanted });
  const ended = await context.finish(control, operation, `Scaling ${info.name} to ${wanted}`);
  const result = ended.result as ScaleResult;
  output.success(`${info.name} is of class ${wanted} now`);
  await output.print(result, () => "");
  if (result.writes_held !== null)
    output.talk(`  Writes were held while it was copied: ${result.writes_held}.`);
  if (result.direct_url_changed)
    output.talk(
      `  DIRECT_URL has another port: postern db url ${info.name} --direct${info.environment ? "; deployed services are started anew with it" : ""}`,
    );
  return undefined;
};
