/**
 * In charge of a guest's memory in a file. It is good for one time, with the same machine and the disk as it was left:
 * memory and disk that do not belong together would destroy the data. Whatever is in doubt is thrown away; the disk alone
 * is always enough.
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { pipeline } from "node:stream/promises";
import { sleep } from "../../base/clock.ts";
import { posternError } from "../../base/error.ts";
import { ownPath } from "../own-path.ts";
import type { ServerAccount } from "../server-account.ts";
import { guestFiles, guestSockets, hasEnded } from "./guest-layout.ts";
import { readBootId } from "./probe-acceleration.ts";
import { QmpClient } from "./qmp-client.ts";

type Place = { dataDirectory: string };

interface Note {
  /** Of everything that the memory depends on. */
  fits: string;
  boot_id: string;
  size_bytes: number;
  disk: string;
}

/** What tells one machine from another, as text. */
export const fitOf = (parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

const withinMs = 60_000;

export interface LeaveOptions {
  pid: number;
  /** Of everything that the memory depends on. */
  fits: string;
  account: ServerAccount;
  withinMs: number;
}

/** Ends the machine so that its memory is left; where that fails, it stands still or is gone, and the disk counts. @throws Y8105 */
export async function leaveMemory(
  place: Place & { socketDirectory: string },
  { pid, fits, account, withinMs: endsWithinMs }: LeaveOptions,
): Promise<void> {
  const { monitor: monitorPath, memory: memoryPath } = guestSockets(place);
  const monitor = await QmpClient.open(monitorPath);
  try {
    await writeMemory(place, memoryPath, { monitor, account });
    await monitor.run("quit").catch(() => {});
  } finally {
    monitor.close();
  }
  if (!(await hasEnded(place, pid, endsWithinMs))) throw posternError("Y8105", "The guest does not end.");
  await keepMemory(place, fits);
}

/** Stops the guest and writes its memory beside the disk. The caller ends it then, or lets it go on. @throws Y8105 */
export async function writeMemory(
  place: Place,
  socketPath: string,
  { monitor, account }: { monitor: QmpClient; account: ServerAccount },
): Promise<void> {
  const { memory } = guestFiles(place);
  await rm(socketPath, { force: true });
  const received = receive(socketPath, `${memory}.new`);
  try {
    await received.listening;
    await ownPath(socketPath, account);
    await monitor.run("migrate-set-parameters", { "max-bandwidth": 4_000_000_000 });
    await monitor.run("stop");
    await monitor.run("migrate", { uri: `unix:${socketPath}` });
    await migrated(monitor);
    await received.done;
  } finally {
    received.close();
    await rm(socketPath, { force: true });
  }
}

/** Only QEMU connects, and only once. */
function receive(path: string, file: string) {
  const server = createServer();
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  const done = new Promise<void>((resolve, reject) => {
    server.once("connection", (socket) => {
      server.close();
      pipeline(socket, createWriteStream(file, { mode: 0o600 })).then(resolve, reject);
    });
  });
  // Whoever waits hears of it; nobody may, when the machine says first that it failed.
  done.catch(() => {});
  return { listening, done, close: () => server.close() };
}

async function migrated(monitor: QmpClient): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const { status = "none", "error-desc": detail = "" } = await monitor.run<{
      status?: string;
      "error-desc"?: string;
    }>("query-migrate");
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled" || performance.now() > deadline)
      throw posternError("Y8105", "The guest's memory could not be written.", { detail: detail || status });
    await sleep(10);
  }
}

/** The machine has ended: from now on the memory counts. */
export async function keepMemory(place: Place, fits: string): Promise<void> {
  const { memory, suspended } = guestFiles(place);
  await rename(`${memory}.new`, memory);
  const note: Note = {
    fits,
    boot_id: await readBootId(),
    size_bytes: (await stat(memory)).size,
    disk: await stateOfDisk(place),
  };
  await writeFile(`${suspended}.new`, JSON.stringify(note));
  await rename(`${suspended}.new`, suspended);
}

/** Open for reading, and gone from the folder: nobody can take it twice. Undefined when there is none, or it does not fit. */
export async function takeMemory(place: Place, fits: string): Promise<FileHandle | undefined> {
  const { memory, suspended } = guestFiles(place);
  try {
    const note = JSON.parse(await readFile(suspended, "utf8")) as Note;
    const isGood =
      note.fits === fits &&
      note.boot_id === (await readBootId()) &&
      note.size_bytes === (await stat(memory)).size &&
      note.disk === (await stateOfDisk(place));
    if (!isGood) return undefined;
    await rm(suspended);
    return await open(memory, "r");
  } catch {
    return undefined;
  } finally {
    await dropMemory(place);
  }
}

/** Waits until the memory is read, then lets it run. */
export async function resumeMemory(socketPath: string, timeoutMs: number): Promise<void> {
  const monitor = await QmpClient.open(socketPath);
  try {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const { status } = await monitor.run<{ status: string }>("query-status");
      if (status === "paused" || status === "prelaunch" || status === "postmigrate") break;
      if (performance.now() > deadline) throw posternError("Y8105", "The guest's memory is not read.");
      await sleep(5);
    }
    await monitor.run("cont");
  } finally {
    monitor.close();
  }
}

/** For good: the disk has gone on, or will. */
export async function dropMemory(place: Place): Promise<void> {
  const { memory, suspended } = guestFiles(place);
  for (const file of [suspended, `${suspended}.new`, memory, `${memory}.new`])
    await rm(file, { force: true });
}

/** Bytes that are written change its time; another disk is another inode. */
async function stateOfDisk(place: Place): Promise<string> {
  const { ino, size, mtimeMs } = await stat(guestFiles(place).disk);
  return `${ino} ${size} ${mtimeMs}`;
}
