/** In charge of folders for projects of command-line clients: they must lie where Node finds this package's modules. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";

const parent = fileURLToPath(new URL("../.projects/", import.meta.url));

export interface ProjectFolder {
  path: string;
  write(files: Record<string, string>): Promise<void>;
}

/** A folder for the tests of the block that this is called in, gone after them. */
export function useProjectFolder(): () => ProjectFolder {
  let folder: ProjectFolder | undefined;
  beforeAll(async () => {
    await mkdir(parent, { recursive: true });
    const path = await mkdtemp(join(parent, "project-"));
    folder = { path, write: (files) => writeFiles(path, files) };
  });
  afterAll(async () => {
    if (folder) await rm(folder.path, { recursive: true, force: true });
  });
  return () => folder!;
}

async function writeFiles(path: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
}

/** The command of an installed package, to be run with Node. */
export const commandFile = (path: string): string =>
  fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));
