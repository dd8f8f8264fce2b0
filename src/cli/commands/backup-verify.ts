/** In charge of `postern db backup verify`: is a backup good for a restore? */
import type { Control } from "@postern/sdk/control";
import type { BackupVerification } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { formatDuration, plural } from "../format.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const control = await context.account();
  const id = await chooseBackup(context, control, input);
  const ended = await context.finish(control, await control.verifyBackup(id), `Verifying ${id}`);
  const result = ended.result as
    | (BackupVerification & { backup_id: string })
    | { backup_id: string; status: "postponed" };
  await context.output.print(result, () => "");
  if (result.status === "postponed") {
    context.output.warn("Other work on the database went first. Run it again when that has ended.");
    return exitCodes.pending;
  }
  const { tables, rows, duration_ms: ms } = result;
  context.output.success(
    `${id} is good: ${plural(tables, "table")}, ${plural(rows, "row")} (${formatDuration(ms)})`,
  );
  return undefined;
};

async function chooseBackup(context: CliContext, control: Control, input: CommandInput): Promise<string> {
  const [argument] = input.args;
  if (argument?.startsWith("bkp-")) return argument;
  const target = await requireDatabase(context, input, argument);
  const [newest] = await control.listBackups(target.ref, { status: "completed", limit: 1 });
  if (newest) return newest.id;
  throw posternError("Y6001", `There is no completed backup of ${target.ref}.`, {
    hint: "`postern db backup create` makes one.",
  });
}
