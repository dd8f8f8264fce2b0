/**
 * In charge of what a sandboxed server can see and do: a list of what is let in, and nothing else. It has processes,
 * shared memory and temporary files of its own; of the home its own data, socket and archive; the network as it is.
 */
import { lstat, mkdir, realpath, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ownPath } from "../own-path.ts";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import type { ControlGroups } from "./control-groups.ts";

export interface SandboxOptions {
  /** Path of bubblewrap. */
  program: string;
  account: ServerAccount;
  home: string;
  toolchainDirectory: string;
  /** Of all archives in folders. */
  archiveDirectory: string;
  /** Of programs that are neither below /usr nor in the toolchain's folder. */
  programFolders: readonly string[];
  /** Null: what a server takes of the machine is not limited. */
  groups?: ControlGroups | null;
}

/** What one run in a sandbox may reach besides what all may. */
export interface Reach {
  writes: readonly string[];
  reads: readonly string[];
}

const gibibyte = 1024 ** 3;
/** Postgres has its temporary files in the data directory; this is for programs that it calls. */
const temporaryBytes = gibibyte / 4;

/** What a server's archive is made of for the server itself: written by it; the rest of the folder it reads only. */
const archiveFolders = ["log", "lock", "spool"];

export class Sandbox {
  readonly #options: SandboxOptions;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  /**
   * The command that runs `command` as the servers' user with nothing but its reach; the folders of it must be there.
   * A server outlives who started it; with `endsWithDaemon` it ends, and all that it began, with whoever runs the command.
   */
  async wrap(
    command: readonly string[],
    { writes, reads }: Reach,
    { endsWithDaemon = false } = {},
  ): Promise<string[]> {
    const { program, account, home, toolchainDirectory, programFolders } = this.#options;
    const isInHome = isWithin(toolchainDirectory, home);
    const mounts = new Mounts();
    for (const folder of [...programFolders, ...(isInHome ? [] : [toolchainDirectory])]) mounts.read(folder);
    // Wherever the home lies, the rest of it is not there.
    mounts.hide(home, 65_536);
    if (isInHome) mounts.read(toolchainDirectory);
    for (const path of [join(home, "tls"), ...reads]) mounts.read(path);
    for (const path of writes) mounts.write(path);
    return [
      program,
      ...(endsWithDaemon ? ["--die-with-parent"] : []),
      "--unshare-pid",
      "--unshare-ipc",
      "--unshare-cgroup-try",
      // As root it stays in the daemon's: there the daemon is seen as who it is, and log-ins go by that.
      ...(account.separate ? [] : ["--unshare-user"]),
      ...(await systemFolders()),
      ...["--proc", "/proc", "--dev", "/dev"],
      ...["--perms", "1777", "--tmpfs", "/dev/shm"],
      ...["--perms", "1777", "--size", String(temporaryBytes), "--tmpfs", "/tmp"],
      ...mounts.args,
      ...["--remount-ro", home, "--remount-ro", "/", "--chdir", "/"],
      "--",
      ...(account.separate ? dropRoot(account) : []),
      ...command,
    ];
  }

  /** Makes the folders that are not there yet: what is not there at the start is never seen. */
  async reachOf(spec: ServerSpec): Promise<Reach> {
    const archive = spec.settingsFile === undefined ? [] : await this.#prepareArchive(spec.name);
    const archives = [spec.name, ...(spec.readsArchiveOf ?? [])].flatMap((name) => this.#archivesOf(name));
    const reads = spec.asksServersIn === undefined ? archives : [...archives, spec.asksServersIn];
    return { reads, writes: [spec.dataDirectory, spec.socketDirectory, ...archive] };
  }

  /** What the server's first process writes itself into, before it is the server's. A limit less does not keep it from starting. */
  async groupsOf({ name }: Pick<ServerSpec, "name">): Promise<string[]> {
    return (await this.#options.groups?.admit(name).catch(() => [])) ?? [];
  }

  /** Of a server that has stopped. */
  async leaveGroups({ name }: Pick<ServerSpec, "name">): Promise<void> {
    await this.#options.groups?.forget(name);
  }

  /** What was made for a server that is gone, where nothing is in it. */
  async forget({ name }: Pick<ServerSpec, "name">): Promise<void> {
    const [own, place] = [this.#archivesOf(name)[0]!, this.#archivesOf(name).at(-1)!];
    const folders = [...archiveFolders.map((folder) => join(own, folder)), join(place, "repository")];
    for (const folder of [...folders, own, place]) await rmdir(folder).catch(() => {});
  }

  #archivesOf(server: string): string[] {
    const { home, archiveDirectory } = this.#options;
    return [...new Set([join(home, "point-in-time", server), join(archiveDirectory, server)])];
  }

  /** An archive can be switched on at any time. One whose disk is away does not keep a server from starting. */
  async #prepareArchive(server: string): Promise<string[]> {
    const [own, place] = [this.#archivesOf(server)[0]!, this.#archivesOf(server).at(-1)!];
    const folders = [...archiveFolders.map((name) => join(own, name)), join(place, "repository")];
    const made: string[] = [];
    for (const folder of folders) {
      const isMade = await this.#makeFolder(folder).catch(() => false);
      if (isMade) made.push(folder);
    }
    return made;
  }

  async #makeFolder(folder: string): Promise<true> {
    for (const path of [dirname(folder), folder]) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await ownPath(path, this.#options.account);
    }
    return true;
  }
}

/** Everything of a started sandbox that a later start would need too. */
export const reaches = (args: readonly string[], { writes, reads }: Reach): boolean =>
  [...writes, ...reads].every((path) => args.includes(path));

const dropRoot = ({ uid, gid }: ServerAccount): string[] => [
  "/usr/bin/setpriv",
  `--reuid=${uid}`,
  `--regid=${gid}`,
  "--clear-groups",
  "--bounding-set=-all",
  "--inh-caps=-all",
  "--no-new-privs",
  "--",
];

/** What is laid over the empty root, in order; folders on the way can be passed by everybody. */
class Mounts {
  readonly args: string[] = [];
  readonly #passable = new Set(["/", "/usr", "/etc", "/tmp", "/dev", "/proc"]);

  read(path: string): void {
    this.#way(path);
    this.#passable.add(path);
    this.args.push("--ro-bind-try", path, path);
  }

  write(path: string): void {
    this.#way(path);
    this.args.push("--bind", path, path);
  }

  hide(path: string, bytes: number): void {
    this.#way(path);
    this.#passable.add(path);
    this.args.push("--perms", "0755", "--size", String(bytes), "--tmpfs", path);
  }

  #way(path: string): void {
    const folder = dirname(path);
    if (this.#passable.has(folder) || folder.startsWith("/usr/") || folder.startsWith("/etc/")) return;
    this.#way(folder);
    this.#passable.add(folder);
    this.args.push("--perms", "0755", "--dir", folder);
  }
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Where /bin, /lib and their like are links into /usr, they are links inside too. */
async function systemFolders(): Promise<string[]> {
  const args = ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"];
  for (const name of ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]) {
    const info = await lstat(`/${name}`).catch(() => undefined);
    if (info?.isSymbolicLink()) args.push("--symlink", `usr/${name}`, `/${name}`);
    else if (info?.isDirectory()) args.push("--ro-bind", `/${name}`, `/${name}`);
  }
  // Often a link to where a service writes it.
  const resolver = await realpath("/etc/resolv.conf").catch(() => "/etc/resolv.conf");
  return resolver.startsWith("/etc/") ? args : [...args, "--ro-bind-try", resolver, resolver];
}
