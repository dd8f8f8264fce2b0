/** In charge of a new migration file in the project's folder of them, which is made where there is none. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { hasCode } from "../base/error.ts";
import { nextMigrationName } from "../migrations/new-migration.ts";
import type { CommandInput } from "./command-input.ts";
import { findMigrationDirectory } from "./migration-directory.ts";

export async function writeMigration(
  from: string,
  input: CommandInput,
  description: string,
  sql: string,
): Promise<{ name: string; path: string }> {
  const directory = await chooseDirectory(from, input);
  await mkdir(directory, { recursive: true });
  const name = nextMigrationName(description, await readdir(directory), new Date());
  const path = join(directory, name);
  await writeFile(path, sql, { flag: "wx" });
  return { name, path };
}

async function chooseDirectory(from: string, input: CommandInput): Promise<string> {
  try {
    return await findMigrationDirectory(from, input);
  } catch (error) {
    if (!hasCode(error, "Y5005")) throw error;
    return resolve(from, input.text("dir") ?? input.text("path") ?? "db/migrations");
  }
}
