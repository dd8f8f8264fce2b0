/** In charge of `postern db client-access show`. */
import type { ClientAccessInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const info = await (await context.forDatabase(target)).getClientAccess(target.ref);
  await context.output.print(info, () => renderClientAccess(info));
  return undefined;
};

export const renderClientAccess = ({ enabled, issuer, audience }: ClientAccessInfo): string =>
  renderFields([
    ["Client access", enabled ? "enabled" : "disabled"],
    ["Issuer", issuer ?? "none: every client is anon"],
    ["Audience", audience ?? "any"],
  ]);
