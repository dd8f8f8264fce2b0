/** In charge of starting users' own programs: as their project's user, with nothing of the daemon's environment, marked. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { findMarked, homeVariable, markVariable, stopMarked } from "./marked-processes.ts";
import type { ServerAccount } from "./server-account.ts";

export interface ServiceProgram {
  /** A text is for the shell. */
  command: string | readonly string[];
  directory: string;
  environment: Record<string, string>;
  account: ServerAccount;
  logFile: string;
  home: string;
  mark: string;
}

export function spawnProgram(program: ServiceProgram, detached: boolean): ChildProcess {
  const { command, directory, environment, account, home, mark } = program;
  const [file, ...args] = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  const log = openSync(program.logFile, "a", 0o600);
  try {
    const child = spawn(file!, args, {
      cwd: directory,
      env: { ...environment, [markVariable]: mark, [homeVariable]: home },
      // A group of its own, so that a signal to the daemon's terminal is none to it.
      detached: true,
      stdio: ["ignore", log, log],
      ...(account.separate ? { uid: account.uid, gid: account.gid } : {}),
    });
    if (detached) child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

export interface ProgramExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** It could not be started. */
  failure?: Error;
}

export const exitOf = (child: ChildProcess): Promise<ProgramExit> =>
  new Promise((resolve) => {
    child.once("error", (failure) => resolve({ code: null, signal: null, failure }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });

export const describeExit = ({ code, signal, failure }: ProgramExit): string =>
  failure ? `it cannot be started: ${failure.message}` : `it ended with ${signal ?? `code ${code}`}`;

/** To its end, with all that it started; whatever stops it leaves nothing behind. */
export async function runProgramToEnd(
  program: ServiceProgram,
  options: { signal: AbortSignal; timeoutMs: number },
): Promise<ProgramExit & { timedOut: boolean }> {
  const where = { home: program.home, mark: program.mark, uid: program.account.uid };
  await stopMarked(where, 0);
  options.signal.throwIfAborted();
  const child = spawnProgram(program, false);
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  const stopped = new Promise<ProgramExit>((resolve) =>
    limit.addEventListener("abort", () => resolve({ code: null, signal: "SIGTERM" }), { once: true }),
  );
  const ended = await Promise.race([exitOf(child), stopped]);
  if (limit.aborted || (await findMarked(where)).length > 0) await stopMarked(where, 2_000);
  options.signal.throwIfAborted();
  return { ...ended, timedOut: limit.aborted };
}
