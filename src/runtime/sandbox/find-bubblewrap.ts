/** In charge of having bubblewrap, the program that makes sandboxes: the system's, else one of Postern's own. */
import {
  access,
  chmod,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Config } from "../../base/config.ts";
import { messageOf, posternError } from "../../base/error.ts";
import { openApt } from "../apt.ts";
import { versionOf } from "../program-version.ts";
import { findToolchainSources } from "../toolchain-source.ts";
import {
  type BuildReport,
  downloadInParts,
  neededOf,
  pointAtLibraries,
  unpackPackages,
  upstreamVersion,
} from "../unpack-packages.ts";

/** Raised when it is made differently, so that one made before is not taken for the same. */
const prefix = "bubblewrap-r1-";
/** The first that bounds the size of what lies in memory. */
const oldest = [0, 7] as const;

const inVainMs = 86_400_000;

type Where = Pick<Config, "toolchain" | "toolchainDirectory" | "sandbox">;

/** @throws when there is none and none can be made. */
export async function findBubblewrap(config: Where, report: BuildReport = () => {}): Promise<string> {
  const system = await findSystem();
  if (system !== undefined) return system;
  if (config.toolchain === "system") throw new Error("bubblewrap (bwrap) is not installed");
  const own = await findOwn(config.toolchainDirectory);
  if (own !== undefined) return own;
  return config.sandbox === "auto"
    ? buildUnlessInVain(config, report)
    : build(config.toolchainDirectory, report);
}

/** Where it is only wished for, each start waits for the package archive once a day at most. */
async function buildUnlessInVain({ toolchainDirectory: root }: Where, report: BuildReport): Promise<string> {
  const note = join(root, ".no-bubblewrap");
  const noted = await stat(note).catch(() => undefined);
  if (noted && Date.now() - noted.mtimeMs < inVainMs) throw new Error(await readFile(note, "utf8"));
  try {
    return await build(root, report);
  } catch (error) {
    await writeFile(note, `there is no bubblewrap, and it could not be fetched: ${messageOf(error)}`).catch(
      () => {},
    );
    throw error;
  }
}

async function findSystem(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  for (const folder of [...folders, "/usr/bin", "/bin"]) {
    const program = join(folder, "bwrap");
    if (await isUsable(program)) return program;
  }
  return undefined;
}

async function findOwn(root: string): Promise<string | undefined> {
  const names = (await readdir(root).catch(() => [])).filter((name) => name.startsWith(prefix));
  for (const name of names.toSorted().toReversed()) {
    const program = join(root, name, "usr/bin/bwrap");
    if (await isUsable(program)) return program;
  }
  return undefined;
}

async function isUsable(program: string): Promise<boolean> {
  try {
    await access(program, constants.X_OK);
    const [major = 0, minor = 0] = (await versionOf(program, /bubblewrap (\S+)/)).split(".").map(Number);
    return major > oldest[0] || minor >= oldest[1];
  } catch {
    return false;
  }
}

/** From the distribution's packages, like the toolchain; one that another process made meanwhile is as good. */
async function build(root: string, report: BuildReport): Promise<string> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  const scratch = await mkdtemp(join(root, ".building-"));
  try {
    await chmod(scratch, 0o755);
    const version = await fetchPackages(scratch, report);
    const [made, target] = [join(scratch, "prefix"), join(root, `${prefix}${version}`)];
    await unpackPackages(join(scratch, "packages"), made, report);
    await pointAtLibraries(made, target, ["usr/bin/bwrap"]);
    await rename(made, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    const program = join(target, "usr/bin/bwrap");
    if (await isUsable(program)) return program;
    throw new Error("bubblewrap does not run on this machine");
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function fetchPackages(scratch: string, report: BuildReport): Promise<string> {
  for (const { suite, lines } of await findToolchainSources()) {
    report({ type: "phase", message: `Looking for bubblewrap (${suite})` });
    const apt = await openApt(join(scratch, `apt-${suite}`), lines);
    await apt.update();
    const resolved = await apt.resolve(["bubblewrap", "patchelf"]);
    if (!resolved) continue;
    report({ type: "phase", message: "Downloading bubblewrap" });
    await downloadInParts(apt, [...neededOf(resolved).keys()], join(scratch, "packages"), report);
    return upstreamVersion(resolved.get("bubblewrap")!);
  }
  throw posternError("Y0002", "The package archive of this machine has no bubblewrap.", {
    hint: "Install it by hand: the program is called bwrap.",
  });
}
