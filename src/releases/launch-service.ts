/** In charge of one process of a service: started with its variables, watched until it is healthy, stopped. */
import { randomBytes } from "node:crypto";
import type { ManagedValues } from "@postern/sdk/protocol";
import { sleep } from "../base/clock.ts";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import type { Service } from "../manifest/manifest.ts";
import { findFirst, readStartTime, stopMarked } from "../runtime/marked-processes.ts";
import {
  describeExit,
  exitOf,
  type ProgramExit,
  runProgramToEnd,
  spawnProgram,
} from "../runtime/service-program.ts";
import type { GivenValues } from "../state/given-values.ts";
import {
  deleteProcess,
  insertProcess,
  noteProcessStarted,
  type ServiceProcessRow,
} from "../state/service-processes.ts";
import { readPackage } from "./build-release.ts";
import { askHttp, askTcp, composeDuration, planHealth } from "./check-health.ts";
import { logSize, readLogFrom } from "./read-log.ts";
import { programSettings, type ReleaseContext } from "./release-context.ts";
import { type ReleasePlace, releasePlace } from "./release-layout.ts";
import { hideSecrets, lastLines } from "./run-command.ts";
import { type Listening, processPort } from "./service-ports.ts";

export interface Launched {
  mark: string;
  service: string;
  pid: number | null;
  startTime: string | null;
  port: number | null;
  /** How it ended, once it has; null for one that an earlier daemon started. */
  ended: Promise<ProgramExit> | null;
  /** Where its log begins. */
  logFrom: number;
}

export interface LaunchOptions {
  values: ReadonlyMap<string, ManagedValues>;
  /** Read before the values were: a change meanwhile is seen as one. */
  given: GivenValues;
  listening: Listening;
  isServing: boolean;
  /** Of a process that it follows. */
  port?: number | null;
}

/** Its row is written first: whatever happens then, it is found again. */
export async function launchService(
  platform: Platform,
  release: ReleaseContext,
  service: Service,
  options: LaunchOptions,
): Promise<Launched> {
  const { place, key, row } = release;
  const settings = programSettings(release, service, options.values);
  const command = await commandOf(service, settings.directory, settings.text);
  const mark = `svc-${randomBytes(8).toString("hex")}`;
  const port = options.port ?? (await processPort(options.listening));
  await insertProcess(platform.state, {
    mark,
    ...key,
    service: service.name,
    release: row.number,
    port,
    is_serving: options.isServing,
    given: options.given,
  });
  const logFile = place.logOf(service.name);
  const logFrom = await logSize(logFile);
  const child = spawnProgram(
    {
      command,
      directory: settings.directory,
      environment: {
        NODE_ENV: "production",
        ...settings.environment,
        POSTERN_SERVICE: service.name,
        ...(port === null ? {} : { PORT: String(port) }),
      },
      account: place.account,
      logFile,
      home: place.home,
      mark,
    },
    true,
  );
  const ended = exitOf(child);
  const pid = child.pid ?? null;
  const startTime = pid === null ? null : await readStartTime(pid);
  if (pid !== null) await noteProcessStarted(platform.state, mark, { pid, startTime });
  return { mark, service: service.name, pid, startTime, port, ended, logFrom };
}

async function commandOf(
  service: Service,
  directory: string,
  text: (given: string) => string,
): Promise<string | string[]> {
  const parts = [service.entrypoint, service.command].filter((part) => part !== undefined);
  if (parts.length === 0) {
    if ((await readPackage(directory))?.scripts?.start !== undefined) return ["npm", "start"];
    throw posternError(
      "Y7050",
      `Service ${service.name} has no command, and no package.json with a start script.`,
      {
        hint: `Give it one: services.${service.name}.command.`,
      },
    );
  }
  if (parts.every((part) => Array.isArray(part))) return parts.flat().map(text);
  return parts
    .map((part) => (typeof part === "string" ? part : part.map(quote).join(" ")))
    .map(text)
    .join(" ");
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** @throws Y7053, with the end of its log */
export async function awaitHealthy(
  release: ReleaseContext,
  service: Service,
  launched: Launched,
  { values, signal }: { values: ReadonlyMap<string, ManagedValues>; signal: AbortSignal },
): Promise<void> {
  const plan = planHealth(service, launched.port);
  const deadline = performance.now() + plan.patienceMs;
  let ended: ProgramExit | undefined;
  void launched.ended?.then((exit) => (ended = exit));
  let why: string | undefined = "it was not asked yet";
  const fail = async (how: string) => {
    const text = await readLogFrom(release.place.logOf(service.name), launched.logFrom);
    throw posternError("Y7053", `Service ${service.name} did not become healthy: ${how}.`, {
      detail: hideSecrets(lastLines(text), values) || "It wrote nothing.",
      hint: "What served before serves on. `postern logs` shows more of what it wrote.",
    });
  };
  for (;;) {
    signal.throwIfAborted();
    if (ended) await fail(describeExit(ended));
    if (plan.kind === "alive" && performance.now() > deadline) return;
    if (plan.kind === "tcp") why = await askTcp(launched.port!, plan.timeoutMs);
    if (plan.kind === "http")
      why =
        launched.port === null ? "it has no port" : await askHttp(launched.port, plan.path!, plan.timeoutMs);
    if (plan.kind === "command")
      why = await askCommand(release, service, launched, { values, signal, timeoutMs: plan.timeoutMs });
    // What answers must be this process, and not another that has the port.
    if (why === undefined && !ended) return;
    if (plan.kind !== "alive" && performance.now() > deadline) await fail(why ?? "it ended");
    await sleep(Math.min(plan.everyMs, 200), signal);
  }
}

async function askCommand(
  release: ReleaseContext,
  service: Service,
  launched: Launched,
  options: { values: ReadonlyMap<string, ManagedValues>; signal: AbortSignal; timeoutMs: number },
): Promise<string | undefined> {
  const settings = programSettings(release, service, options.values);
  const given = planHealth(service, launched.port).command!;
  const { code, signal, failure } = await runProgramToEnd(
    {
      command: typeof given === "string" ? settings.text(given) : given.map(settings.text),
      directory: settings.directory,
      environment: {
        ...settings.environment,
        ...(launched.port === null ? {} : { PORT: String(launched.port) }),
      },
      account: release.place.account,
      logFile: release.place.deployLog(release.row.number),
      home: release.place.home,
      mark: `${launched.mark}-health`,
    },
    options,
  );
  return code === 0
    ? undefined
    : `its check ${describeExit({ code, signal, ...(failure ? { failure } : {}) })}`;
}

export const graceOf = (service: Service | undefined): number =>
  composeDuration(service?.stop_grace_period) ?? 10_000;

type ProcessRow = Pick<ServiceProcessRow, "mark" | "pid" | "start_time">;

const markOf = ({ home, account }: ReleasePlace, row: ProcessRow) => ({
  home,
  mark: row.mark,
  uid: account.uid,
  pid: row.pid,
  startTime: row.start_time,
});

/** And forgets it. */
export async function stopProcess(
  platform: Platform,
  row: ServiceProcessRow,
  graceMs: number,
): Promise<void> {
  await stopMarked(markOf(releasePlace(platform, row), row), graceMs);
  await deleteProcess(platform.state, row.mark);
}

export const isAlive = async (row: ProcessRow): Promise<boolean> =>
  (await findFirst({ home: "", pid: row.pid, startTime: row.start_time })) !== undefined;
