/** In charge of running one of the toolchain's programs to its end, as the servers' user, with streams and cancellation. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ServerAccount } from "./server-account.ts";

export interface ProgramOptions {
  account: ServerAccount;
  /** Piped into its standard input. */
  stdin?: Readable | undefined;
  /** Receives its standard output; without one the output is returned as text. */
  stdout?: Writable | undefined;
  environment?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
}

export interface ProgramEnd {
  exitCode: number;
  /** What killed it, if something did. */
  signal: NodeJS.Signals | null;
  stdout: string;
  /** The last 64 KiB. */
  stderr: string;
}

/** Only what the programs need: no secret of the daemon's environment reaches them. */
export function programEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LANG: "C", LC_ALL: "C", TZ: "UTC", ...extra };
}

/**
 * Resolves with the exit code, whatever it is; rejects when the program cannot be started, or a given stream fails
 * (the program is then killed).
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramEnd> {
  const child = spawn(program, args, {
    cwd: "/",
    env: programEnvironment(options.environment),
    stdio: [options.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    ...(options.account.separate ? { uid: options.account.uid, gid: options.account.gid } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const exit = exitOf(child);
  const stderr = collect(child.stderr!, 64 * 1024);
  const stdout = options.stdout ? undefined : collect(child.stdout!);
  try {
    const streams: Promise<unknown>[] = [exit];
    if (options.stdout) streams.push(pipeline(child.stdout!, options.stdout));
    // A program that ends early closes its input: its exit code tells more than the broken pipe.
    if (options.stdin) streams.push(pipeline(options.stdin, child.stdin!).catch(ignoreBrokenPipe));
    await Promise.all(streams);
  } catch (error) {
    child.kill("SIGKILL");
    await exit.catch(() => {});
    throw error;
  }
  return { ...(await exit), stdout: stdout?.() ?? "", stderr: stderr() };
}

function exitOf(child: ChildProcess): Promise<Pick<ProgramEnd, "exitCode" | "signal">> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ exitCode: code ?? 128, signal }));
  });
}

/** With a limit only the end of the text is kept. */
function collect(stream: Readable, limit?: number): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (limit !== undefined) text = text.slice(-limit);
  });
  return () => text;
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
}
