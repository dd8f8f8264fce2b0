/** In charge of which project a command is about: --project, POSTERN_PROJECT, the linked one, or the one that postern.yaml names. */
import { dirname, join } from "node:path";
import { posternError } from "../base/error.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";
import { ignoreFolder } from "./project-file.ts";

export interface ProjectReference {
  project_id: string;
  project: string;
}

const referenceFile = (directory: string) => join(directory, ".postern", "project.json");

/** The project that this folder, or one above it, is linked to. */
export async function findProjectReference(from: string): Promise<ProjectReference | undefined> {
  for (let directory = from; ; directory = dirname(directory)) {
    const reference = await readPrivateFile<ProjectReference>(referenceFile(directory));
    if (reference) return reference;
    if (dirname(directory) === directory) return undefined;
  }
}

export async function linkProjectReference(directory: string, reference: ProjectReference): Promise<void> {
  await ignoreFolder(directory);
  await writePrivateFile(referenceFile(directory), reference);
}

/** Id or name. @throws Y1013 when nothing says it */
export async function requireProjectRef(directory: string, given: string | undefined): Promise<string> {
  const ref = given ?? process.env.POSTERN_PROJECT ?? (await findProjectReference(directory))?.project_id;
  if (ref) return ref;
  const { findManifest } = await import("./project-manifest.ts");
  const manifest = await findManifest(directory, undefined);
  if (manifest?.project !== undefined) return manifest.project;
  throw posternError("Y1013", "Which project is meant?", {
    hint: "Give --project, set POSTERN_PROJECT, or run `postern apply` in the folder of its postern.yaml.",
  });
}
