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
}

export function spawnServer(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const log = openSync(options.logFile, "a", 0o640);
  try {
    const limited =
      options.memoryLimitBytes === undefined
        ? []
        : ["/bin/sh", "-c", `ulimit -d ${Math.floor(options.memoryLimitBytes / 1024)}; exec "$0" "$@"`];
    const [command, ...rest] = [...limited, program, ...args];
    const child = spawn(command!, rest, {
      cwd: "/",
      env: programEnvironment(),
      detached: true,
      stdio: ["ignore", log, log],
      ...(options.account.separate ? { uid: options.account.uid, gid: options.account.gid } : {}),
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}
