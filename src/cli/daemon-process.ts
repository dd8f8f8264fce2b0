/** In charge of the daemon as a process of this machine: finding it, and running its program. */
import { execFile, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PosternError, posternError } from "../base/error.ts";
import { type DaemonFile, readDaemonFile } from "./user-config.ts";

export const daemonProgram = fileURLToPath(new URL("../bin/posternd.js", import.meta.url));

export const daemonLog = (home: string): string => join(home, "logs", "daemon.log");

/** The daemon that runs in this home; undefined when there is none. */
export async function findDaemon(home: string): Promise<DaemonFile | undefined> {
  const file = await readDaemonFile(home);
  return file && (await isDaemon(file.pid)) ? file : undefined;
}

/** A pid alone may be another process's by now. */
export async function isDaemon(pid: number): Promise<boolean> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  // A zombie has no command line.
  return (await read("cmdline")).includes("posternd");
}

/** Runs `posternd <command>` to its end. Returns its stdout. @throws the error that it printed */
export function runDaemonProgram(command: "sweep" | "issue-key"): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [daemonProgram, command], { cwd: "/" }, (failure, stdout, stderr) => {
      if (!failure) return resolve(stdout.trim());
      const line = stderr.split("\n").find((text) => text.startsWith('{"error"'));
      if (line !== undefined) {
        return reject(PosternError.fromBody((JSON.parse(line) as { error: never }).error));
      }
      reject(
        posternError("Y9001", `\`posternd ${command}\` failed.`, {
          detail: stderr.trim() || failure.message,
        }),
      );
    });
  });
}

/** Runs `posternd <command>`, handing on each JSON object that it prints. @throws the error that it printed */
export async function followDaemonProgram<Event>(
  args: readonly string[],
  onEvent: (event: Event) => void,
): Promise<void> {
  const child = spawn(process.execPath, [daemonProgram, ...args], {
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  for await (const line of createInterface({ input: child.stdout })) onEvent(JSON.parse(line) as Event);
  if ((await ended) === 0) return;
  const line = stderr.split("\n").find((text) => text.startsWith('{"error"'));
  if (line !== undefined) throw PosternError.fromBody((JSON.parse(line) as { error: never }).error);
  throw posternError("Y9001", `\`posternd ${args[0]}\` failed.`, { detail: stderr.trim() });
}

/** The last lines of a file, of at most its last 256 kB. */
export async function readTail(file: string, lines: number): Promise<{ text: string; size: number }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 256 * 1024);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const all = buffer.toString("utf8").split("\n");
    const ended = all.at(-1) === "" ? all.slice(0, -1) : all;
    return { text: ended.slice(-lines).join("\n"), size };
  } finally {
    await handle.close();
  }
}
