/** In charge of where an import goes: the address to write to, emptied before where that was asked for. */
import type { ResetResult } from "@postern/sdk/protocol";
import type { CommandInput } from "../command-input.ts";
import type { CliContext } from "../context.ts";
import { confirmEmptying, emptyByUrl, tellSnapshot } from "../empty-target.ts";
import { describeUrl } from "../postgres-address.ts";
import type { Target } from "../target.ts";

export interface ImportTarget {
  /** With its secrets. */
  url: string;
  /** For people. */
  label: string;
}

export async function prepareTarget(
  context: CliContext,
  input: CommandInput,
  target: Target,
): Promise<ImportTarget> {
  const clean = input.flag("clean");
  if (target.kind === "url") {
    if (clean) await emptyByUrl(context, input, target.url, "Empty", async () => {});
    return { url: target.url, label: describeUrl(target.url) };
  }
  const control = await context.forDatabase(target);
  const info = await control.getDatabase(target.ref);
  if (clean) {
    const wish = await confirmEmptying(context, input, "Empty", info);
    const operation = await control.wipeDatabase(info.id, wish);
    const ended = await context.finish(control, operation, `Emptying ${info.name}`);
    tellSnapshot(context, ended.result as ResetResult);
  }
  return { url: (await control.getDatabaseUrls(info.id)).direct, label: info.name };
}
