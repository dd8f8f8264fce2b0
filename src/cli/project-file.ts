/** In charge of `.postern/config.json`: the database that a folder is linked to. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

export interface ProjectLink {
  database_id: string;
  name: string;
  host: string;
  /** Absent when the link was made without knowing the token. */
  token?: string;
  api_url: string;
  /** The folder of migrations, pinned when it was found. */
  migrations?: string;
}

export interface Project {
  /** The folder that holds `.postern`. */
  directory: string;
  link: ProjectLink;
}

const linkFile = (directory: string) => join(directory, ".postern", "config.json");

/** Looks in the folder and in those above it. */
export async function findProject(from: string): Promise<Project | undefined> {
  for (let directory = from; ; directory = dirname(directory)) {
    const link = await readPrivateFile<ProjectLink>(linkFile(directory));
    if (link) return { directory, link };
    if (dirname(directory) === directory) return undefined;
  }
}

/** Version control never sees the folder: it ignores itself. */
export async function ignoreFolder(directory: string): Promise<void> {
  const folder = join(directory, ".postern");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, ".gitignore"), "*\n");
}

export async function writeProject({ directory, link }: Project): Promise<void> {
  await ignoreFolder(directory);
  await writePrivateFile(linkFile(directory), link);
}

export const removeProject = ({ directory }: Project): Promise<void> =>
  rm(linkFile(directory), { force: true });

/** Variables that Postern injects, so that a user's file with values of their own is noticed. */
export const readTextIfAny = (file: string): Promise<string> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
