/** In charge of a project's manifest on disk: finding it, reading it, and telling what is wrong with it. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { hasCode, posternError } from "../base/error.ts";
import { type ManifestReading, readManifest } from "../manifest/read-manifest.ts";
import { invalidManifest } from "../manifest/render-issues.ts";
import type { Output } from "./output.ts";

const usualNames = ["postern.yaml", "postern.yml"];

export interface ProjectManifest extends ManifestReading {
  /** As it is called in messages: relative to where the command runs. */
  file: string;
  /** The folder that it is about. */
  directory: string;
}

/** The file that is named, else `postern.yaml` here or above. Undefined: there is none. @throws Y7002 */
export async function findManifest(
  from: string,
  named: string | undefined,
): Promise<ProjectManifest | undefined> {
  if (named !== undefined) {
    const path = resolve(from, named);
    const text = await readIfAny(path);
    if (text !== undefined) return { ...readManifest(text), file: named, directory: dirname(path) };
    throw posternError("Y7002", `There is no file ${named}.`);
  }
  for (let directory = from; ; directory = dirname(directory)) {
    for (const name of usualNames) {
      const path = join(directory, name);
      const text = await readIfAny(path);
      if (text !== undefined) return { ...readManifest(text), file: relative(from, path), directory };
    }
    if (dirname(directory) === directory) return undefined;
  }
}

/** One that can be used; keys that mean nothing are told, once. @throws Y7001 Y7002 */
export async function requireManifest(
  from: string,
  named: string | undefined,
  output: Pick<Output, "warn">,
): Promise<ProjectManifest> {
  const manifest = await findManifest(from, named);
  if (!manifest) {
    throw posternError("Y7002", `There is no postern.yaml in ${from}, nor above it.`, {
      hint: "docs/manifest.md has an example; --file names another file.",
    });
  }
  if (manifest.issues.length > 0) throw invalidManifest(manifest.file, manifest.issues);
  if (manifest.ignored.length > 0)
    output.warn(`${manifest.file}: keys of Compose that Postern ignores: ${manifest.ignored.join(", ")}`);
  return manifest;
}

/** What a project is called where nothing says it: as its folder. */
export const nameAfterFolder = (directory: string): string =>
  basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .replaceAll(/^[-_]+|-+$/g, "")
    .slice(0, 40) || "project";

const readIfAny = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EISDIR")) return undefined;
    throw error;
  });
