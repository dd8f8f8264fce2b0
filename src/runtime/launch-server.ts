/** In charge of starting the process of a Postgres server, in its sandbox where there is one, and of seeing it appear. */
import type { ChildProcess } from "node:child_process";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, posternError } from "../base/error.ts";
import { findInSandbox, findSandboxes, hasServer, ownPidOf } from "./find-postmaster.ts";
import { readCommandLine, signalProcess, waitForExit } from "./live-process.ts";
import { memoryLimitBytes } from "./memory-limit.ts";
import type { ServerSpec } from "./runtime.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { ServerAccount } from "./server-account.ts";
import { lockedCode, spawnServer } from "./spawn-server.ts";
import { postgresProgram, type Toolchain } from "./toolchain.ts";

export interface LaunchOptions {
  toolchain: Toolchain;
  account: ServerAccount;
  sandbox: Sandbox | null;
}

/** What a start says whose server is being started, or ended, by another. */
export const lockHeldElsewhere = "another process holds the lock of its data";

/** Resolves with the postmaster's pid once it has written its pid file. @throws Y4002 */
export async function launchServer(spec: ServerSpec, options: LaunchOptions): Promise<number> {
  const logOffset = await sizeOf(spec.logFile);
  const stale = await stampOf(spec);
  const child = await spawnIn(spec, options);
  const appears = appearing(child, spec, { isInside: options.sandbox !== null, stale });
  const end = await Promise.race([endOf(child), appears]);
  if (typeof end === "number") return end;
  throw posternError("Y4002", `Postgres server ${spec.name} did not start: ${end}.`, {
    detail: end === lockHeldElsewhere ? end : await readFrom(spec.logFile, logOffset),
    hint: `The whole log is ${spec.logFile}.`,
  });
}

async function spawnIn(
  spec: ServerSpec,
  { toolchain, account, sandbox }: LaunchOptions,
): Promise<ChildProcess> {
  const command = [postgresProgram(toolchain, "postgres"), "-D", spec.dataDirectory];
  // One statement can ask for gigabytes; beyond this its process gets "out of memory" and the machine lives on.
  const options = { account, logFile: spec.logFile, memoryLimitBytes: memoryLimitBytes() };
  if (!sandbox) return spawnServer(command[0]!, command.slice(1), options);
  const [program, ...args] = await sandbox.wrap(command, await sandbox.reachOf(spec));
  const lockFile = lockOf(spec);
  await mkdir(dirname(lockFile), { recursive: true, mode: 0o755 });
  const groups = await sandbox.groupsOf(spec);
  return spawnServer(program!, args, { ...options, lockFile, groups, becomesUser: true });
}

/**
 * Postgres tells by pids and shared memory whether another runs on the same data, and sees neither from inside a sandbox.
 * The file lies where no server reaches it.
 */
export const lockOf = ({ dataDirectory }: Pick<ServerSpec, "dataDirectory">): string => {
  const directory = dirname(dataDirectory);
  return join(dirname(directory), ".locks", directory.slice(directory.lastIndexOf("/") + 1));
};

/** Whatever its server left running in its sandbox, once the postmaster is gone: nothing else may touch the data then. */
export async function endRemains(dataDirectory: string, patienceMs: number): Promise<void> {
  for (const first of await findSandboxes(dataDirectory)) {
    const isAlive = async () => (await readCommandLine(first)) !== undefined;
    if (await hasServer(first)) continue;
    if (await waitForExit(isAlive, patienceMs)) continue;
    signalProcess(first, "SIGKILL");
    await waitForExit(isAlive, 5_000);
  }
}

/** Resolves with the postmaster's pid; never, when the process ends before. */
async function appearing(
  child: ChildProcess,
  spec: ServerSpec,
  { isInside, stale }: { isInside: boolean; stale: string },
): Promise<number> {
  const { pid } = child;
  while (pid !== undefined && (await readCommandLine(pid)) !== undefined) {
    const postmaster = isInside ? await findInSandbox(pid, spec.dataDirectory) : pid;
    if (postmaster !== null && (await wrote(spec, postmaster, stale))) return postmaster;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return new Promise(() => {});
}

/** In a sandbox every postmaster has the same pid: what a killed one has left must not be taken for the new one's. */
const wrote = async (spec: ServerSpec, postmaster: number, stale: string): Promise<boolean> =>
  (await stampOf(spec)) !== stale && (await readPidFile(spec))[0] === String(await ownPidOf(postmaster));

/** Which pid file it is; the next is another file. */
const stampOf = (spec: ServerSpec): Promise<string> =>
  stat(join(spec.dataDirectory, "postmaster.pid")).then(
    ({ ino, ctimeMs }) => `${ino} ${ctimeMs}`,
    () => "",
  );

export async function readPidFile(spec: ServerSpec): Promise<string[]> {
  return (await readFile(join(spec.dataDirectory, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(messageOf(error)));
    child.once("exit", (code, signal) =>
      resolve(code === lockedCode ? lockHeldElsewhere : `it ended with ${signal ?? `code ${code}`}`),
    );
  });
}

export const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (info) => info.size,
    () => 0,
  );

const mostRead = 8_192;

/** What was written since then; of much, its end. */
export async function readFrom(file: string, offset: number): Promise<string> {
  const from = Math.max(offset, (await sizeOf(file)) - mostRead);
  const handle = await open(file, "r").catch(() => undefined);
  if (!handle) return "";
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostRead), 0, mostRead, from);
    return buffer.toString("utf8", 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
}
