/** In charge of `postern db reset-password`. */
import { text } from "node:stream/consumers";
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { requireDatabase } from "../target.ts";
import { tellRestarts } from "../tell-restarts.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const { id, name } = await control.getDatabase(target.ref);
  const password = await readPassword(context, input, name);
  const reset = await control.resetPassword(id, password === undefined ? {} : { password });
  output.success(`Changed the password of ${name}`);
  await output.print(reset, () => "");
  if (!reset.applied) output.warn(`The server does not take it yet: postern ops watch ${reset.operation_id}`);
  await tellRestarts(context, control, reset.restarting);
  output.talk(`  Whoever connects needs it from now on: postern db url ${name} --reveal`);
  return undefined;
};

/** Undefined: Postern makes one up. */
async function readPassword(
  { prompt }: CliContext,
  input: CommandInput,
  name: string,
): Promise<string | undefined> {
  if (input.flag("generate") && input.flag("passwordStdin"))
    throw posternError("Y1013", "Give one of --generate and --password-stdin.");
  if (input.flag("generate")) return undefined;
  if (!input.flag("passwordStdin"))
    return prompt.password(`New password of ${name}'s owner`, {
      variable: "POSTERN_DB_PASSWORD",
      confirm: true,
    });
  const line = (await text(process.stdin)).split(/\r?\n/, 1)[0]!;
  if (line !== "") return line;
  throw posternError("Y1013", "stdin holds no password.", { hint: "Pipe it in, or give --generate." });
}
