/** In charge of `postern db new`: an empty migration file with the next name. */
import type { CommandRun } from "../command-spec.ts";
import { shortPath } from "../migration-directory.ts";
import { writeMigration } from "../write-migration.ts";

export const run: CommandRun = async ({ output, directory: from }, input) => {
  const description = input.args[0]!;
  const { name, path } = await writeMigration(from, input, description, `-- ${description}\n`);
  output.success(`Created ${shortPath(from, path)}`);
  await output.print({ name, path }, () => "");
  return undefined;
};
