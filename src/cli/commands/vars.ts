/** In charge of `postern vars`: the variables of a database, shown or written into a `.env` file. */
import { chmod, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import type { CommandRun } from "../command-spec.ts";
import { formatEnvFile, mergeEnvFile } from "../env-file.ts";
import { readTextIfAny } from "../project-file.ts";
import { maskVariables, readVariables, refuseReserved } from "../variables.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const variables = await readVariables(context, input);
  const file = input.text("pull");
  if (file !== undefined) {
    await pull(resolve(context.directory, file), variables, input.flag("force"));
    output.success(`Wrote ${Object.keys(variables).length} variables to ${file}`);
    await output.print({ file, variables: Object.keys(variables) }, () => "");
    return undefined;
  }
  const shown = input.flag("reveal") ? variables : maskVariables(variables);
  await output.print(shown, () => formatEnvFile(shown));
  if (!input.flag("reveal")) output.talk("Hint: --reveal shows the secrets.");
  return undefined;
};

/** Values that Postern wrote before are replaced; a user's own are not, unless forced. */
async function pull(file: string, variables: Record<string, string>, force: boolean): Promise<void> {
  const text = await readTextIfAny(file);
  const given = parseEnv(text) as Record<string, string | undefined>;
  const isOurs = /^db-[0-9a-f]{12}$/.test(given.DATABASE_ID ?? "");
  if (!isOurs && !force) refuseReserved(given, variables);
  await writeFile(file, mergeEnvFile(text, variables), { mode: 0o600 });
  await chmod(file, 0o600);
}
