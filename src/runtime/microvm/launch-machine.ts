/** In charge of starting a guest's machine as a process that outlives the daemon, and of waiting until somebody is in there. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sleep } from "../../base/clock.ts";
import { hasCode, messageOf, posternError } from "../../base/error.ts";
import { programEnvironment } from "../run-program.ts";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import type { GuestAgent, GuestState } from "./guest-agent.ts";
import { findGuestPid, guestFiles, guestSockets } from "./guest-layout.ts";
import { type Machine, machineArguments } from "./machine-arguments.ts";

export interface LaunchOptions {
  program: string;
  machine: Machine;
  spec: ServerSpec;
  account: ServerAccount;
}

/** Place of the memory among the machine's descriptors. */
const memoryDescriptor = 3;
const appearWithinMs = 30_000;

/** Resolves with its pid once it has noted that itself: then it has everything that it wants of this machine. @throws Y8104 */
export async function launchMachine({ program, machine, spec, account }: LaunchOptions): Promise<number> {
  const { memoryFrom, ...rest } = machine;
  const args = machineArguments(memoryFrom === undefined ? rest : { ...rest, memoryFrom: memoryDescriptor });
  for (const file of [guestFiles(spec).pid, ...Object.values(guestSockets(spec))])
    await rm(file, { force: true });
  await requireMemory(machine);
  const before = await sizeOf(spec.logFile);
  const log = openSync(spec.logFile, "a", 0o640);
  try {
    const child = spawn(program, args, {
      cwd: "/",
      env: programEnvironment(),
      detached: true,
      stdio: ["ignore", log, log, ...(memoryFrom === undefined ? [] : [memoryFrom])],
      ...(account.separate ? { uid: account.uid, gid: account.gid } : {}),
    });
    child.unref();
    let end: string | undefined;
    child.once("error", (error) => (end = messageOf(error)));
    child.once("exit", (code, signal) => (end ??= `it ended with ${signal ?? `code ${code}`}`));
    const deadline = performance.now() + appearWithinMs;
    for (;;) {
      const pid = await findGuestPid(spec);
      if (pid !== null) return pid;
      if (end !== undefined || performance.now() > deadline) break;
      await sleep(5);
    }
    child.kill("SIGKILL");
    throw posternError(
      "Y8104",
      `The guest of server ${spec.name} did not start: ${end ?? "it takes too long"}.`,
      {
        detail: (await readFile(spec.logFile, "utf8")).slice(before).trim().slice(-2_000),
        hint: `The whole log is ${spec.logFile}.`,
      },
    );
  } finally {
    closeSync(log);
  }
}

/** What a guest may take, with some left for the rest of the machine. @throws Y8108 */
async function requireMemory({ memoryMegabytes }: Machine): Promise<void> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const free = Number(/^MemAvailable:\s+(\d+)/m.exec(text)?.[1] ?? Number.NaN) / 1024;
  const wanted = memoryMegabytes + 128;
  if (!(free < wanted)) return;
  throw posternError("Y8108", "There is too little memory for another guest.", {
    detail: `It may take ${wanted} MiB, and ${Math.floor(free)} MiB are free.`,
    hint: "Pause or destroy databases that are not needed; paused ones take none.",
  });
}

/** The guest's first program answers. @throws Y8104 when the machine ends before that; Y8105 */
export async function waitForAnswer(
  spec: ServerSpec,
  agent: GuestAgent,
  timeoutMs: number,
): Promise<GuestState> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await agent.ping(Math.min(2_000, timeoutMs));
    } catch (error) {
      if (!hasCode(error, "Y8105")) throw error;
      if (agent.isClosed || (await findGuestPid(spec)) === null) throw await endedEarly(spec);
      if (performance.now() > deadline) throw error;
    }
  }
}

async function endedEarly(spec: ServerSpec) {
  const said = await readFile(join(guestFiles(spec).console), "utf8").catch(() => "");
  return posternError("Y8104", `The guest of server ${spec.name} ended while it started.`, {
    detail: said.trim().slice(-2_000),
    hint: `See ${guestFiles(spec).console}.`,
  });
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (info) => info.size,
    () => 0,
  );
