/** In charge of `postern db upgrade`. */
import type { UpgradeResult } from "@postern/sdk/protocol";
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const to = input.text("to")!;
  const control = await context.account();
  const info = await control.getDatabase(target.ref);
  if (!isConfirmed(input) && info.version.split(".")[0] !== to) {
    await context.prompt.confirm(
      `Upgrade ${info.name} (${info.id}) from Postgres ${info.version} to ${to}? Clients wait for a moment at its end, and direct connections end. There is no way back but the backup that is made first.`,
    );
  }
  const operation = await control.upgradeDatabase(info.id, { to });
  const ended = await context.finish(control, operation, `Upgrading ${info.name} to Postgres ${to}`);
  const result = ended.result as UpgradeResult;
  output.success(`${info.name} runs Postgres ${result.to} now`);
  await output.print(result, () => "");
  if (result.writes_held !== null)
    output.talk(`  Writes were held while it was copied: ${result.writes_held}.`);
  if (result.backup_id !== null)
    output.talk(`  What it was under ${result.from} is kept as ${result.backup_id}.`);
  return undefined;
};
