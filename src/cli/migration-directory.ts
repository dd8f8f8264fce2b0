/** In charge of a project's migration files: finding their folder, reading them. */
import { stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { MigrationFileBody } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { findMigrationLayout, readMigrationDirectory } from "../migrations/migration-directory.ts";
import type { CommandInput } from "./command-input.ts";
import { findProject, writeProject } from "./project-file.ts";

/** --dir or --path, the pinned folder, or the one layout that is there, which is pinned then. @throws Y5005 */
export async function findMigrationDirectory(from: string, input: CommandInput): Promise<string> {
  const given = input.text("dir") ?? input.text("path");
  if (given !== undefined) {
    const directory = resolve(from, given);
    if (await isDirectory(directory)) return directory;
    throw notFound(`There is no folder ${given}.`);
  }
  const project = await findProject(from);
  const root = project?.directory ?? from;
  if (project?.link.migrations !== undefined) return join(root, project.link.migrations);
  const layout = await findMigrationLayout(root);
  if (layout !== undefined) {
    if (project) await writeProject({ ...project, link: { ...project.link, migrations: layout } });
    return join(root, layout);
  }
  throw notFound(`There is no folder of migrations in ${root}.`);
}

/** In the order in which they are applied. @throws Y5004 Y5005 */
export async function readMigrationFiles(directory: string): Promise<MigrationFileBody[]> {
  return (await readMigrationDirectory(directory)).map(({ name, sql }) => ({ name, sql }));
}

export const shortPath = (from: string, path: string): string => relative(from, path) || ".";

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (entry) => entry.isDirectory(),
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );

const notFound = (message: string) =>
  posternError("Y5005", message, {
    hint: "`postern db new NAME` makes one with a first file; --dir names another.",
  });
