/** In charge of what lies on the disk: the home, who may read it, what a crash has left, and the toolchain. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Config } from "../../base/config.ts";
import { messageOf } from "../../base/error.ts";
import { findDaemon, isDaemon, runDaemonProgram } from "../daemon-process.ts";
import { findProject } from "../project-file.ts";
import { userConfigFile } from "../user-config.ts";
import { type Check, Trouble } from "./check.ts";
import { findProcessesOfHome } from "./processes.ts";

export const homeChecks = (config: Config, directory: string): Check[] => [
  {
    name: "home",
    look: () => inspectHome(config.home),
    hint: "Choose a folder that this user can write, by POSTERN_HOME.",
  },
  {
    name: "permissions",
    look: () => inspectPermissions(config.home, directory),
    fix: () => closePermissions(config.home, directory),
  },
  {
    name: "toolchain",
    look: () => inspectToolchain(config),
    hint: "`postern up` sets it up.",
    command: "postern up",
  },
  {
    name: "leftovers",
    look: () => inspectLeftovers(config.home),
    hint: "A daemon ended without clearing up.",
    command: "postern up",
    fix: () => removeLeftovers(config.home),
  },
  {
    name: "orphans",
    look: () => inspectOrphans(config.home),
    hint: "Servers outlived their daemon: `postern up` takes them over, `postern down` stops them.",
    command: "postern up",
    fix: stopOrphans,
  },
];

async function inspectHome(home: string): Promise<string> {
  await access(await existing(home), constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw new Trouble(messageOf(error));
  });
  return home;
}

/** Paths that only their owner may read, and how they should be. */
async function privatePaths(home: string, directory: string): Promise<[path: string, mode: number][]> {
  const secrets = join(home, "secrets");
  const names = await readdir(secrets).catch(() => []);
  const project = await findProject(directory).catch(() => undefined);
  return [
    [secrets, 0o700],
    [join(home, "logs"), 0o700],
    [join(home, "backups"), 0o700],
    [userConfigFile(), 0o600],
    ...(project ? [[join(project.directory, ".postern", "config.json"), 0o600] as [string, number]] : []),
    ...names.map((name): [string, number] => [join(secrets, name), 0o600]),
  ];
}

async function tooOpen(home: string, directory: string): Promise<[path: string, mode: number][]> {
  const found: [string, number][] = [];
  for (const [path, mode] of await privatePaths(home, directory)) {
    const now = await stat(path).catch(() => undefined);
    if (now && (now.mode & 0o077) !== 0) found.push([path, mode]);
  }
  return found;
}

async function inspectPermissions(home: string, directory: string): Promise<string> {
  const open = await tooOpen(home, directory);
  if (open.length === 0) return "secrets are their owner's alone";
  throw new Trouble(`others may read ${open.map(([path]) => path).join(", ")}`, {
    command: open.map(([path, mode]) => `chmod ${mode.toString(8)} ${path}`).join(" && "),
  });
}

async function closePermissions(home: string, directory: string): Promise<string> {
  const open = await tooOpen(home, directory);
  for (const [path, mode] of open) await chmod(path, mode);
  return `closed ${open.map(([path]) => path).join(", ")}`;
}

/** Every program of the newest one runs, and is the version that its folder names. */
async function inspectToolchain({ toolchainDirectory, toolchain }: Config): Promise<string> {
  if (toolchain === "system") return "the system's";
  const names = await readdir(toolchainDirectory).catch((error: unknown) => {
    throw new Trouble(messageOf(error));
  });
  const own = names.filter((name) => /^r\d+-postgres-/.test(name));
  const [newest] = own.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  if (newest === undefined) throw new Trouble(`${toolchainDirectory} has none`);
  const directory = join(toolchainDirectory, newest);
  const [, postgres, pgbouncer] = /postgres-(.+)-pgbouncer-(.+)$/.exec(newest) ?? [];
  const bin = join(directory, "usr/lib/postgresql", postgres!.split(".")[0]!, "bin");
  const programs: [string, string][] = [
    ...["postgres", "initdb", "pg_dump", "pg_restore", "psql"].map((name): [string, string] => [
      join(bin, name),
      postgres!,
    ]),
    [join(directory, "usr/sbin/pgbouncer"), pgbouncer!],
  ];
  const wrong = (await Promise.all(programs.map(([path, version]) => tellAltered(path, version)))).filter(
    (text) => text !== undefined,
  );
  if (wrong.length === 0) return directory;
  throw new Trouble(wrong.join("; "), {
    hint: "The toolchain was altered: stop every Postern that uses it, delete it, and it is made anew.",
    command: `postern down && rm -r ${directory} && postern up`,
  });
}

async function tellAltered(program: string, version: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ["--version"], { timeout: 10_000 });
    return stdout.includes(version) ? undefined : `${program} is not version ${version}`;
  } catch (error) {
    return `${program} does not run (${messageOf(error).split("\n")[0]})`;
  }
}

/** Files that name a daemon which is gone. */
async function staleFiles(home: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of ["daemon.json", "daemon.lock"]) {
    const file = join(home, name);
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const pid = Number(/"pid": *(\d+)|^(\d+)/.exec(text)?.slice(1).find(Boolean));
    if (!(await isDaemon(pid))) found.push(file);
  }
  return found;
}

async function inspectLeftovers(home: string): Promise<string> {
  const stale = await staleFiles(home);
  if (stale.length === 0) return "none";
  throw new Trouble(`${stale.join(", ")} ${stale.length === 1 ? "is" : "are"} of a daemon that is gone`);
}

async function removeLeftovers(home: string): Promise<string> {
  const stale = await staleFiles(home);
  for (const file of stale) await rm(file, { force: true });
  return `removed ${stale.join(", ")}`;
}

async function inspectOrphans(home: string): Promise<string> {
  const pid = await runningDaemon(home);
  const found = await findProcessesOfHome(home);
  if (pid !== undefined) return `none; ${found.length} processes belong to the daemon`;
  if (found.length === 0) return "none";
  // Neither their own children nor what holds their sandboxes.
  const servers = found.filter(({ command }) => !/^(postgres: |\S*\/bwrap )/.test(command));
  throw new Trouble(
    `${servers.length} without a daemon: ${servers
      .slice(0, 5)
      .map((one) => `${one.pid} ${one.command.slice(0, 60)}`)
      .join("; ")}`,
  );
}

const runningDaemon = async (home: string): Promise<number | undefined> =>
  (await findDaemon(home).catch(() => undefined))?.pid;

async function stopOrphans(): Promise<string> {
  await runDaemonProgram("sweep");
  return "stopped them";
}

/** The folder, or the nearest one above it that exists. */
export async function existing(path: string): Promise<string> {
  return access(path).then(
    () => path,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" || dirname(path) === path) throw error;
      return existing(dirname(path));
    },
  );
}
