/** In charge of starting a guest's machine as a process that outlives the daemon, and of waiting until somebody is in there. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, rm, stat } from "node:fs/promises";
import type { PosternError } from "@postern/sdk/error";
import { hasCode, messageOf, posternError } from "../../base/error.ts";
import { programEnvironment } from "../run-program.ts";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import type { GuestAgent, GuestState } from "./guest-agent.ts";
import { findGuestPid, guestFiles, guestSockets } from "./guest-layout.ts";
import { type Machine, machineArguments } from "./machine-arguments.ts";
import { QmpClient } from "./qmp-client.ts";

export interface LaunchOptions {
  program: string;
  machine: Machine;
  spec: ServerSpec;
  account: ServerAccount;
}

/** Place of the memory among the machine's descriptors. */
const memoryDescriptor = 3;
const appearWithinMs = 30_000;

/** Resolves with its pid once it listens: then it has everything that it wants of this machine. @throws Y8104 Y8108 */
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
    const end = await Promise.race([endOf(child), appearing(spec)]);
    if (typeof end === "number") return end;
    child.kill("SIGKILL");
    throw posternError("Y8104", `The guest of server ${spec.name} did not start: ${end}.`, {
      detail: (await readFile(spec.logFile)).subarray(before).toString("utf8").trim().slice(-2_000),
      hint: `The whole log is ${spec.logFile}.`,
    });
  } finally {
    closeSync(log);
  }
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("error", (error) => resolve(messageOf(error)));
    child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
  });

/** It notes its pid before it has its ports, and greets at its monitor when it has all. */
async function appearing(spec: ServerSpec): Promise<number | string> {
  try {
    (await QmpClient.open(guestSockets(spec).monitor, appearWithinMs)).close();
  } catch (error) {
    return messageOf(error);
  }
  return (await findGuestPid(spec)) ?? "it has not noted its pid";
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

/** With the last that was said on its console. */
export async function endedEarly(spec: ServerSpec): Promise<PosternError> {
  const said = await readFile(guestFiles(spec).console, "utf8").catch(() => "");
  return posternError("Y8104", `The guest of server ${spec.name} ended before its Postgres was ready.`, {
    detail: said.trim().slice(-2_000),
    hint: `See ${guestFiles(spec).console}.`,
  });
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (info) => info.size,
    () => 0,
  );
