/** In charge of where releases, their logs and their services' own data are, and of who may enter. */
import { chmod, chown, mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Platform } from "../instances/platform.ts";
import { programEnvironment, runProgram } from "../runtime/run-program.ts";
import type { ServerAccount } from "../runtime/server-account.ts";
import { serviceAccount } from "../runtime/service-account.ts";
import type { EnvironmentKey } from "../state/releases.ts";

export interface ReleasePlace {
  key: EnvironmentKey;
  home: string;
  /** Whom its programs run as. */
  account: ServerAccount;
  /** What its programs keep: their HOME. */
  data: string;
  logs: string;
  folder(number: number): string;
  logOf(service: string): string;
  /** Of the steps of a deploy. */
  deployLog(number: number): string;
}

export const servicesFolder = (home: string): string => join(home, "services");
export const uploadsFolder = (home: string): string => join(servicesFolder(home), "uploads");

export function releasePlace(
  { config, account }: Pick<Platform, "config" | "account">,
  key: EnvironmentKey,
): ReleasePlace {
  const root = join(servicesFolder(config.home), key.project_id, key.environment);
  const logs = join(root, "logs");
  return {
    key,
    home: config.home,
    account: serviceAccount(account, key.project_id),
    data: join(root, "data"),
    logs,
    folder: (number) => join(root, "releases", String(number)),
    logOf: (service) => join(logs, `${service}.log`),
    deployLog: (number) => join(logs, `deploy-${number}.log`),
  };
}

/** Programs pass through what is Postern's, and own no more than their release while it is built, and their data. */
export async function preparePlace(place: ReleasePlace, number: number): Promise<void> {
  const { home, key, account } = place;
  const passing = account.separate ? 0o711 : 0o700;
  const project = join(servicesFolder(home), key.project_id);
  const root = join(project, key.environment);
  for (const folder of [servicesFolder(home), project, root, join(root, "releases")])
    await makeFolder(folder, passing);
  await makeFolder(place.logs, 0o700);
  for (const folder of [place.data, place.folder(number)]) {
    await makeFolder(folder, 0o700);
    if (account.separate) await chown(folder, account.uid, account.gid);
  }
}

export async function makeFolder(folder: string, mode: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, mode);
}

/** Nothing of a release changes once it is built: what serves tomorrow is what was tried today. */
export async function sealFolder(place: ReleasePlace, number: number): Promise<void> {
  const folder = place.folder(number);
  const { account } = place;
  if (!account.separate) {
    await run(account, "chmod", ["-R", "a-w", folder]);
    return;
  }
  // As its owner first: what it holds may be anything, and root touches no more than who owns it.
  await run(account, "chmod", ["-R", "u+rwX,g+rX,g-w,o-rwx,a-s", folder]);
  await run({ ...account, separate: false }, "chown", ["-R", "-h", "-P", `0:${account.gid}`, folder]);
}

export async function removeFolder(place: ReleasePlace, number: number): Promise<void> {
  const folder = place.folder(number);
  const { account } = place;
  // As whoever owns it: a folder that somebody can still write in is no place for root to delete in.
  await run(account, "sh", [
    "-c",
    'chmod -R u+rwX "$0" 2>/dev/null; rm -rf "$0"/* 2>/dev/null; true',
    folder,
  ]);
  if (account.separate)
    await run({ ...account, separate: false }, "rm", ["-rf", "--one-file-system", folder]);
  else await run(account, "rm", ["-rf", folder]);
}

/** Of an environment in which nothing runs any more: its releases, its logs, and what its services have kept. */
export async function removePlace(
  platform: Pick<Platform, "config" | "account">,
  key: EnvironmentKey,
): Promise<void> {
  const place = releasePlace(platform, key);
  const root = join(place.data, "..");
  for (const name of await readdir(join(root, "releases")).catch(() => []))
    await removeFolder(place, Number(name));
  await run(place.account, "sh", [
    "-c",
    'chmod -R u+rwX "$0" 2>/dev/null; rm -rf "$0"/* "$0"/.[!.]* 2>/dev/null; true',
    place.data,
  ]);
  await rm(root, { recursive: true, force: true });
  // The project's own, with its last environment.
  await rmdir(join(root, "..")).catch(() => {});
}

async function run(account: ServerAccount, program: string, args: readonly string[]): Promise<void> {
  const ended = await runProgram(program, args, { account, environment: programEnvironment() });
  if (ended.exitCode === 0) return;
  throw new Error(`${program} ended with ${ended.exitCode}: ${ended.stderr.trim()}`);
}
