/**
 * In charge of what all processes of one server may take together: control groups, of the first or the second version, where
 * this daemon may make them. They lie beside the daemon's own group, because servers outlive it.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";

/** What a server may take; null: as much as there is. */
export interface GroupLimits {
  memoryBytes: number | null;
  processes: number | null;
}

interface Controller {
  name: "memory" | "pids";
  /** Folder of all groups of this home. */
  folder: string;
  /** Names of the file with the limit. */
  file: string;
}

/** A server has at most some hundred processes; a program that multiplies has as many as it can get. */
const mostProcesses = 1_024;
/** The pages that it reads are counted too, and given back when there are too many. */
const shareOfMemory = 3 / 4;

const limitFiles = {
  first: { memory: "memory.limit_in_bytes", pids: "pids.max" },
  second: { memory: "memory.max", pids: "pids.max" },
};

export class ControlGroups {
  readonly #controllers: readonly Controller[];

  private constructor(controllers: readonly Controller[]) {
    this.#controllers = controllers;
  }

  /** Null: none can be made here, by this user, or not both. */
  static async open(home: string): Promise<ControlGroups | null> {
    try {
      const controllers = await findControllers(home);
      const trial = new ControlGroups(controllers);
      if (controllers.length === 0) return null;
      await trial.admit(`.trial-${process.pid}`);
      await trial.forget(`.trial-${process.pid}`);
      await noteFolders(
        home,
        controllers.map(({ folder }) => folder),
      );
      return trial;
    } catch {
      return null;
    }
  }

  /** Makes the server's groups; a process that writes 0 into each of these files is in them, and all that it starts. */
  async admit(server: string): Promise<string[]> {
    const limits = { memory: memoryBytes(), pids: mostProcesses };
    const joins = new Set<string>();
    for (const { name, folder, file } of this.#controllers) {
      const group = join(folder, server);
      await mkdir(group, { recursive: true, mode: 0o755 });
      await writeFile(join(group, file), String(limits[name]));
      joins.add(join(group, "cgroup.procs"));
    }
    return [...joins];
  }

  /** Where nothing of it runs any more. */
  async forget(server: string): Promise<void> {
    const groups = new Set(this.#controllers.map(({ folder }) => join(folder, server)));
    for (const group of groups) await rmdir(group).catch(() => {});
    // The folder goes with the last one.
    for (const group of groups) await rmdir(dirname(group)).catch(() => {});
  }
}

/**
 * Takes away all groups of a home that hold no process: of servers that were killed, and of daemons that began elsewhere. For
 * whoever has stopped its servers, also without having made a group.
 */
export async function clearControlGroups(home: string): Promise<void> {
  const folders = await readFolders(home);
  const left: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of names) if (entry.isDirectory()) await rmdir(join(folder, entry.name)).catch(() => {});
    const isGone = await rmdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
    if (!isGone) left.push(folder);
  }
  if (left.length < folders.length) await writeFile(noteOf(home), left.join("\n"), { mode: 0o600 });
}

/** Where groups of the home were made: beside the group of whichever daemon made them. */
const noteOf = (home: string): string => join(home, "run", "control-groups");

const readFolders = async (home: string): Promise<string[]> =>
  (await readFile(noteOf(home), "utf8").catch(() => "")).split("\n").filter((line) => ownFolder.test(line));

/** Nothing else is ever taken away. */
const ownFolder = /^\/.+\/postern-[0-9a-f]{8}$/;

async function noteFolders(home: string, folders: readonly string[]): Promise<void> {
  const all = new Set([...(await readFolders(home)), ...folders]);
  await writeFile(noteOf(home), [...all].join("\n"), { mode: 0o600 });
}

/** Whole pages: so it is read back as it was written. */
const memoryBytes = (): number => {
  const container = process.constrainedMemory();
  const bytes = container > 0 ? Math.min(totalmem(), container) : totalmem();
  return Math.floor((bytes * shareOfMemory) / 4096) * 4096;
};

/** The limits in force for a process, if they are ours. */
export async function limitsOf(pid: number): Promise<GroupLimits> {
  const limits: GroupLimits = { memoryBytes: null, processes: null };
  const memberships = await readMemberships(pid);
  for (const { controllers, point } of await readMounts()) {
    const isSecond = controllers.length === 0;
    const path = memberships.get(isSecond ? "" : controllers[0]!);
    if (path === undefined || !/\/postern-[0-9a-f]{8}\//.test(path)) continue;
    const files = isSecond ? limitFiles.second : limitFiles.first;
    const read = async (file: string) =>
      numberOf(await readFile(join(point, path, file), "utf8").catch(() => ""));
    if (isSecond || controllers.includes("memory")) limits.memoryBytes ??= await read(files.memory);
    if (isSecond || controllers.includes("pids")) limits.processes ??= await read(files.pids);
  }
  return limits;
}

const numberOf = (text: string): number | null => (/^\d+\s*$/.test(text) ? Number(text) : null);

interface Mount {
  point: string;
  /** Of the first version; none: the second. */
  controllers: string[];
}

const known = ["memory", "pids"];

async function readMounts(): Promise<Mount[]> {
  const lines = (await readFile("/proc/self/mounts", "utf8").catch(() => "")).split("\n");
  return lines.flatMap((line) => {
    const [, point = "", type, options = ""] = line.split(" ");
    if (type === "cgroup2") return [{ point, controllers: [] }];
    const controllers = options.split(",").filter((option) => known.includes(option));
    return type === "cgroup" && controllers.length > 0 ? [{ point, controllers }] : [];
  });
}

/** The path of its group by controller; by the empty name that of the second version. */
async function readMemberships(pid: number | "self"): Promise<Map<string, string>> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "")).split("\n");
  const paths = new Map<string, string>();
  for (const line of lines) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path !== undefined) for (const name of names!.split(",")) paths.set(name, path);
  }
  return paths;
}

/** The second version where it has both controllers, else the first. */
async function findControllers(home: string): Promise<Controller[]> {
  const own = await readMemberships("self");
  const folderName = `postern-${createHash("sha256").update(home).digest("hex").slice(0, 8)}`;
  const mounts = await readMounts();
  for (const { point } of mounts.filter(({ controllers }) => controllers.length === 0)) {
    const beside = join(point, dirname(own.get("") ?? "/"));
    if (!(await hasControllers(beside))) continue;
    const folder = join(beside, folderName);
    await mkdir(folder, { recursive: true });
    for (const group of [beside, folder])
      await writeFile(join(group, "cgroup.subtree_control"), "+memory +pids");
    return known.map((name) => controllerOf(name as Controller["name"], folder, limitFiles.second));
  }
  const found = mounts.flatMap(({ point, controllers }) =>
    controllers.map((name) =>
      controllerOf(
        name as Controller["name"],
        join(point, dirname(own.get(name) ?? "/"), folderName),
        limitFiles.first,
      ),
    ),
  );
  return known.every((name) => found.some((one) => one.name === name)) ? found : [];
}

const controllerOf = (
  name: Controller["name"],
  folder: string,
  files: Record<Controller["name"], string>,
): Controller => ({ name, folder, file: files[name] });

const hasControllers = async (group: string): Promise<boolean> => {
  const names = (await readFile(join(group, "cgroup.controllers"), "utf8").catch(() => "")).trim().split(" ");
  return known.every((name) => names.includes(name));
};
