/** In charge of `postern apply`. */
import { exitCodes } from "../../base/error-codes.ts";
import { applyManifest, renderApplied } from "../apply-manifest.ts";
import type { CommandRun } from "../command-spec.ts";
import { plural } from "../format.ts";
import { requireManifest } from "../project-manifest.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const source = await requireManifest(context.directory, input.text("file"), output);
  const plan = input.flag("plan");
  const { result } = await applyManifest(context, input, source, { plan });
  const pending = result.services.filter(({ action }) => action === "create" || action === "change").length;
  const place = `${result.environment} of ${result.project}${result.protected ? ", protected" : ""}`;
  if (plan) output.talk(`› ${plural(pending, "change")} to ${place}; nothing was done`);
  else output.success(pending === 0 ? `${place} is as the manifest says` : `Applied to ${place}`);
  await output.print(result, () => renderApplied(result));
  if (result.services.length === 0) output.talk("  The manifest declares no managed database.");
  return plan && input.flag("exitCode") && pending > 0 ? exitCodes.pending : undefined;
};
