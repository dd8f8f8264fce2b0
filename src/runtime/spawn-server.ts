/** In charge of starting a server process that outlives the daemon: its own session, its log file, the servers' user. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { programEnvironment } from "./run-program.ts";
import type { ServerAccount } from "./server-account.ts";

export interface SpawnOptions {
  account: ServerAccount;
  logFile: string;
  /** Most private memory that one process of the server may take, bytes. */
  memoryLimitBytes?: number;
  /** Held for as long as anything of the server lives: another start with it ends at once. */
  lockFile?: string;
  /** It becomes the servers' user by itself. */
  becomesUser?: boolean;
  /** Control groups that it joins before it is anything else: their `cgroup.procs`. */
  groups?: readonly string[];
}

/** What a start ends with when another holds the lock. */
export const lockedCode = 75;

export function spawnServer(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const log = openSync(options.logFile, "a", 0o640);
  try {
    const limits = limitsOf(options);
    const limited = limits === "" ? [] : ["/bin/sh", "-c", `${limits}exec "$0" "$@"`];
    const locked =
      options.lockFile === undefined
        ? []
        : [
            "/usr/bin/flock",
            "--nonblock",
            `--conflict-exit-code=${lockedCode}`,
            "--no-fork",
            options.lockFile,
          ];
    const [command, ...rest] = [...locked, ...limited, program, ...args];
    const child = spawn(command!, rest, {
      cwd: "/",
      env: programEnvironment(),
      detached: true,
      stdio: ["ignore", log, log],
      ...(options.account.separate && !options.becomesUser
        ? { uid: options.account.uid, gid: options.account.gid }
        : {}),
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** A group that is gone meanwhile does not keep it from starting. */
function limitsOf({ memoryLimitBytes, groups = [] }: SpawnOptions): string {
  const joins = groups.map((file) => `{ echo 0 > '${file}'; } 2>/dev/null; `).join("");
  return memoryLimitBytes === undefined
    ? joins
    : `${joins}ulimit -d ${Math.floor(memoryLimitBytes / 1024)}; `;
}
