/** In charge of installing what a release needs and of building it, as the project's own files say. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Service } from "../manifest/manifest.ts";
import { hasPrismaModels } from "./find-prisma.ts";
import { directoryOf } from "./release-context.ts";
import { type CommandContext, runCommand } from "./run-command.ts";

/** The folder as a whole, and each service's own; one that several share is built once. @throws Y7052 */
export async function buildRelease(context: CommandContext): Promise<void> {
  const { release } = context;
  const services = Object.values(release.manifest.services).filter(({ role }) => role !== "managed_db");
  const done = new Set<string>();
  const folders: { directory: string; service: Service | null }[] = [
    ...services.map((service) => ({ directory: directoryOf(release, service), service })),
    { directory: release.folder, service: null },
  ];
  for (const { directory, service } of folders.sort((a, b) => a.directory.length - b.directory.length)) {
    const own = service?.build?.commands;
    if (own === undefined && done.has(directory)) continue;
    done.add(directory);
    for (const command of own ?? (await findBuildCommands(directory)))
      await runCommand(context, { what: "The build", command, service, directory });
  }
}

/** Install by the lock file that is there; build where there is a script of that name. */
export async function findBuildCommands(directory: string): Promise<string[]> {
  const project = await readPackage(directory);
  if (!project) return [];
  const has = (file: string) =>
    stat(join(directory, file)).then(
      () => true,
      () => false,
    );
  const [install, build] = (await has("pnpm-lock.yaml"))
    ? ["pnpm install --frozen-lockfile", "pnpm run build"]
    : (await has("yarn.lock"))
      ? ["yarn install --frozen-lockfile", "yarn run build"]
      : [
          (await has("package-lock.json")) ? "npm ci" : needsInstall(project) ? "npm install" : "",
          "npm run build",
        ];
  return [
    ...(install === "" ? [] : [install!]),
    ...((await hasPrismaModels(directory)) ? ["prisma generate"] : []),
    ...(project.scripts?.build === undefined ? [] : [build!]),
  ];
}

interface Package {
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const needsInstall = ({ dependencies = {}, devDependencies = {} }: Package): boolean =>
  Object.keys(dependencies).length + Object.keys(devDependencies).length > 0;

export async function readPackage(directory: string): Promise<Package | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as Package;
  } catch {
    return undefined;
  }
}
