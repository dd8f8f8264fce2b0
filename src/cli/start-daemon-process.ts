/** In charge of starting the daemon and hearing from it how the start goes. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { DaemonStatus, ErrorBody } from "@postern/sdk/protocol";
import { messageOf, PosternError, posternError } from "../base/error.ts";
import { daemonLog, daemonProgram, readTail } from "./daemon-process.ts";

/** What the daemon writes to the descriptor in POSTERN_START_FD, one JSON object a line. */
type StartEvent =
  | { type: "phase"; name: string; message: string }
  | { type: "warning"; message: string }
  | { type: "progress"; done: number; total: number; unit: string }
  | { type: "ready"; status: DaemonStatus; admin_key?: string }
  | { type: "error"; error: ErrorBody };

export interface StartOptions {
  home: string;
  issueKey: boolean;
  /** Its output goes here instead of to its log. */
  foreground: boolean;
  onPhase(message: string): void;
  onWarning(message: string): void;
}

export interface StartedDaemon {
  child: ChildProcess;
  status: DaemonStatus;
  adminKey: string | undefined;
}

/** Resolves when the daemon is ready. @throws what it says went wrong, or Y0006 when it ends without a word */
export async function startDaemonProcess(options: StartOptions): Promise<StartedDaemon> {
  const child = options.foreground ? spawnDaemon("inherit", options) : await spawnInBackground(options);
  const events = child.stdio[3] as Readable;
  // It lives on by itself: whatever comes of this command, it ends without waiting for it.
  if (!options.foreground) child.unref();
  let phase = "";
  for await (const line of createInterface({ input: events })) {
    const event = JSON.parse(line) as StartEvent;
    if (event.type === "phase") {
      phase = event.message;
      options.onPhase(phase);
    }
    if (event.type === "warning") options.onWarning(event.message);
    if (event.type === "progress") {
      options.onPhase(`${phase}  ${event.done}/${event.total} ${event.unit}`);
    }
    if (event.type === "error") throw PosternError.fromBody(event.error);
    if (event.type === "ready") {
      events.destroy();
      return { child, status: event.status, adminKey: event.admin_key };
    }
  }
  const tail = await readTail(daemonLog(options.home), 20).catch(() => undefined);
  throw posternError("Y0006", "The daemon ended before it was ready.", {
    detail: options.foreground ? undefined : tail?.text,
    hint: "`postern doctor` looks for the cause; `postern logs` shows all of the log.",
  });
}

async function spawnInBackground(options: StartOptions): Promise<ChildProcess> {
  const file = daemonLog(options.home);
  let log: number;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    log = openSync(file, "a", 0o600);
  } catch (error) {
    throw posternError("Y0003", `POSTERN_HOME cannot be used: ${options.home}`, {
      detail: messageOf(error),
      hint: "Choose a folder that this user can write, by POSTERN_HOME.",
    });
  }
  try {
    return spawnDaemon(log, options);
  } finally {
    closeSync(log);
  }
}

function spawnDaemon(output: number | "inherit", { issueKey, foreground }: StartOptions): ChildProcess {
  return spawn(process.execPath, [daemonProgram, "start"], {
    cwd: "/",
    detached: !foreground,
    stdio: ["ignore", output, output, "pipe"],
    env: { ...process.env, POSTERN_START_FD: "3", POSTERN_ISSUE_KEY: issueKey ? "1" : "0" },
  });
}
