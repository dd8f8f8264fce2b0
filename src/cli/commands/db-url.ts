/** In charge of `postern db url`: one connection URL. */
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";
import { maskSecret } from "../variables.ts";

export const run: CommandRun = async (context, input) => {
  const kinds = (["pooled", "direct", "http"] as const).filter((kind) => input.flag(kind));
  if (kinds.length > 1) throw posternError("Y1013", "Give one of --pooled, --direct and --http.");
  const kind = kinds[0] ?? "pooled";
  const target = await requireDatabase(context, input, input.args[0]);
  const urls = await (await context.forDatabase(target)).getDatabaseUrls(target.ref);
  const url = input.flag("reveal") ? urls[kind] : maskSecret(urls[kind]);
  const shown = kind === "http" ? urls.http : url;
  await context.output.print({ kind, url: shown }, () => shown);
  if (shown !== urls[kind]) context.output.talk("Hint: --reveal shows the password.");
  return undefined;
};
