/** In charge of `postern db new`: an empty migration file with the next name. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { hasCode } from "../../base/error.ts";
import { nextMigrationName } from "../../migrations/new-migration.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { findMigrationDirectory, shortPath } from "../migration-directory.ts";

export const run: CommandRun = async ({ output, directory: from }, input) => {
  const directory = await chooseDirectory(from, input);
  await mkdir(directory, { recursive: true });
  const name = nextMigrationName(input.args[0]!, await readdir(directory), new Date());
  const file = join(directory, name);
  await writeFile(file, `-- ${input.args[0]}\n`, { flag: "wx" });
  output.success(`Created ${shortPath(from, file)}`);
  await output.print({ name, path: file }, () => "");
  return undefined;
};

async function chooseDirectory(from: string, input: CommandInput): Promise<string> {
  try {
    return await findMigrationDirectory(from, input);
  } catch (error) {
    if (!hasCode(error, "Y5005")) throw error;
    return resolve(from, input.text("dir") ?? input.text("path") ?? "db/migrations");
  }
}
