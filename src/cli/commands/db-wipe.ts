/** In charge of `postern db wipe`: a database as new, without migrations. */
import type { ResetResult } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { confirmEmptying, emptyByUrl, tellSnapshot } from "../empty-target.ts";
import { requireTarget } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireTarget(context, input, input.args[0]);
  if (target.kind === "url") {
    return emptyByUrl(context, input, target.url, "Wipe", async (_client, emptied) => {
      output.success(`Wiped ${emptied.url}`);
      await output.print(emptied, () => "");
      return undefined;
    });
  }
  const control = await context.forDatabase(target);
  const info = await control.getDatabase(target.ref);
  const wish = await confirmEmptying(context, input, "Wipe", info);
  const operation = await control.wipeDatabase(info.id, wish);
  const result = (await context.finish(control, operation, `Wiping ${info.name}`)).result as ResetResult;
  output.success(`Wiped database ${info.name}`);
  tellSnapshot(context, result);
  await output.print(result, () => "");
  return undefined;
};
