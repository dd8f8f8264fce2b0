/** In charge of `postern init`: the files that a project begins with. What is there stays as it is. */
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProjectInfo } from "@postern/sdk/protocol";
import { hasCode, messageOf } from "../../base/error.ts";
import { readManifest } from "../../manifest/read-manifest.ts";
import { invalidManifest } from "../../manifest/render-issues.ts";
import { findMigrationLayout } from "../../migrations/migration-directory.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { readTextIfAny } from "../project-file.ts";
import { findManifest, nameAfterFolder } from "../project-manifest.ts";
import { linkProjectReference } from "../project-reference.ts";
import { renderFirstManifest } from "../render-first-manifest.ts";

/** Secrets, and what is made again. */
const ignored = [".env", ".postern/", "node_modules/"];

export const run: CommandRun = async (context, input) => {
  const { output, directory } = context;
  const known = await findManifest(directory, undefined);
  const isOwn = known?.directory === directory;
  const name = input.args[0] ?? (isOwn ? known.project : undefined) ?? nameAfterFolder(directory);
  const text = renderFirstManifest({ name, hasStart: await hasStart(directory) });
  const { issues } = readManifest(text);
  if (issues.length > 0) throw invalidManifest("postern.yaml", issues);
  const written: string[] = [];
  const kept: string[] = [];
  const tell = (file: string, isNew: boolean) => (isNew ? written : kept).push(file);
  if (isOwn) tell(known.file, false);
  else tell("postern.yaml", await write(directory, "postern.yaml", text));
  const layout = await findMigrationLayout(directory);
  tell(`${layout ?? "db/migrations"}/`, layout === undefined);
  if (layout === undefined) {
    await mkdir(join(directory, "db/migrations"), { recursive: true });
    // Git keeps no empty folder.
    await write(directory, "db/migrations/.gitkeep", "");
  }
  tell(".gitignore", await ignoreSecrets(directory));
  for (const file of written) output.success(`Wrote ${file}`);
  for (const file of kept) output.talk(`  ${file} is there already`);
  const project = input.flag("local") ? null : await link(context, name);
  await output.print({ directory, name, written, kept, project_id: project?.id ?? null }, () => "");
  output.talk(`
Next:
  postern db new create_users         a first migration
  postern apply --env staging         makes its database
  postern db migrate --env staging    applies what is in ${layout ?? "db/migrations"}`);
  return undefined;
};

/** False where there is one. */
async function write(directory: string, name: string, text: string): Promise<boolean> {
  try {
    await writeFile(join(directory, name), text, { flag: "wx" });
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function hasStart(directory: string): Promise<boolean> {
  const text = await readTextIfAny(join(directory, "package.json"));
  try {
    return (JSON.parse(text) as { scripts?: { start?: string } }).scripts?.start !== undefined;
  } catch {
    return false;
  }
}

/** Adds the lines that are missing. False: none was. */
async function ignoreSecrets(directory: string): Promise<boolean> {
  const file = join(directory, ".gitignore");
  const text = await readTextIfAny(file);
  const bare = (line: string) => line.trim().replace(/^\/|\/$/g, "");
  const lines = new Set(text.split("\n").map(bare));
  const missing = ignored.filter((line) => !lines.has(bare(line)));
  if (missing.length === 0) return false;
  await appendFile(file, `${text === "" || text.endsWith("\n") ? "" : "\n"}${missing.join("\n")}\n`);
  return true;
}

/** Files can be written without a daemon: then there is no link yet, and `apply` makes it. */
async function link({ output, account, directory }: CliContext, name: string): Promise<ProjectInfo | null> {
  try {
    const control = await account();
    const project = await control.getProject(name).catch((error: unknown) => {
      if (hasCode(error, "Y7003")) return control.createProject({ name });
      throw error;
    });
    await linkProjectReference(directory, { project_id: project.id, project: project.name });
    output.success(`Linked this folder to project ${project.name} (${project.id})`);
    return project;
  } catch (error) {
    output.talk(`  Not linked to a project yet; \`postern apply\` does that. ${messageOf(error)}`);
    return null;
  }
}
