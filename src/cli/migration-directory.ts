/** In charge of a project's migration files: finding their folder, reading them, naming new ones. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { MigrationFileBody } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { CommandInput } from "./command-input.ts";
import { findProject, writeProject } from "./project-file.ts";

/** In the order in which they are looked for. */
const layouts = ["migrations", "db/migrations", "schema"];

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
  for (const layout of layouts) {
    const directory = join(root, layout);
    if (!(await isDirectory(directory))) continue;
    if (project) await writeProject({ ...project, link: { ...project.link, migrations: layout } });
    return directory;
  }
  throw notFound(`There is no folder of migrations in ${root}.`);
}

/** Without those that undo (`.down.sql`). */
export async function readMigrationFiles(directory: string): Promise<MigrationFileBody[]> {
  const names = (await readdir(directory))
    .filter((name) => name.endsWith(".sql") && !name.endsWith(".down.sql"))
    .sort();
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(join(directory, name), "utf8") })),
  );
}

/** `004_add_tags.sql` among numbered files, else `20260412142200_add_tags.sql`. @throws Y5004 */
export function nextMigrationName(description: string, existing: readonly string[], now: Date): string {
  const words = description
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  if (words === "") {
    throw posternError("Y5004", `"${description}" makes no name for a file.`, {
      hint: "Use letters and digits, for example add_tags.",
    });
  }
  const numbers = existing.map((name) => /^(\d+)_/.exec(name)?.[1]).filter((text) => text !== undefined);
  const last = numbers.sort().at(-1);
  if (last === undefined || last.length >= 14) {
    return `${now.toISOString().replace(/\D/g, "").slice(0, 14)}_${words}.sql`;
  }
  return `${String(Number(last) + 1).padStart(last.length, "0")}_${words}.sql`;
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
