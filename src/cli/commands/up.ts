/** In charge of `postern up`: the daemon runs, and the user's configuration opens it. */
import type { DaemonStatus } from "@postern/sdk/protocol";
import { type Config, mostWorkers, readConfig } from "../../base/config.ts";
import { hasCode, posternError } from "../../base/error.ts";
import { requireSafeListen } from "../../base/listen.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { findDaemon, runDaemonProgram } from "../daemon-process.ts";
import { describeDirect } from "../describe-direct.ts";
import { describeListen } from "../describe-listen.ts";
import { openControl } from "../open-control.ts";
import { type Progress, startProgress } from "../progress.ts";
import { type StartedDaemon, startDaemonProcess } from "../start-daemon-process.ts";
import { renderFields } from "../table.ts";
import { readUserConfig, writeUserConfig } from "../user-config.ts";

/** How long another start of the same home may take. */
const otherStartMs = 600_000;

export const run: CommandRun = async (context, input) => {
  const config = readFlags(input);
  const { home } = config;
  const foreground = input.flag("foreground");
  const running = await findDaemon(home);
  if (running) {
    const status = await openDaemon(home, running.api_url, undefined);
    context.output.success(`Postern is running already (process ${status.pid})`);
    if (process.env.POSTERN_LISTEN && status.listen.address !== config.listen)
      context.output.warn(
        `It listens on ${status.listen.address}; \`postern down\` first to have it on ${config.listen}.`,
      );
    if (process.env.POSTERN_WORKERS && status.workers !== config.workers)
      context.output.warn(
        `It has ${status.workers} workers; \`postern down\` first to have ${config.workers}.`,
      );
    await show(context, status);
    return;
  }
  const progress = startProgress(context.output, { lines: true });
  const warnings: string[] = [];
  const started = await start({ home, foreground, progress, warnings }).finally(() => progress.end());
  for (const warning of warnings) context.output.warn(warning);
  const status = await openDaemon(home, started.apiUrl, started.adminKey);
  context.output.success("Postern is ready");
  await show(context, status);
  if (foreground && started.child) return untilItEnds(started.child);
  return;
};

/** Flags become variables, which the daemon reads. @throws Y0001 Y0011 here already, where it is seen */
function readFlags(input: CommandInput): Config {
  const listen = input.text("listen");
  if (listen !== undefined) process.env.POSTERN_LISTEN = listen;
  const workers = input.text("workers");
  if (workers !== undefined) process.env.POSTERN_WORKERS = requireWorkers(workers);
  if (input.flag("insecure")) process.env.POSTERN_INSECURE = "1";
  const config = readConfig();
  requireSafeListen(config);
  return config;
}

/** @throws Y1013 */
function requireWorkers(text: string): string {
  if (/^\d{1,2}$/.test(text) && Number(text) <= mostWorkers) return text;
  throw posternError("Y1013", `--workers is "${text}", which is not a number from 0 to ${mostWorkers}.`, {
    hint: "With 0 the daemon answers SQL over HTTP itself.",
  });
}

interface Start {
  apiUrl: string;
  adminKey: string | undefined;
  /** Absent when another `postern up` started it. */
  child?: StartedDaemon["child"];
}

interface StartWish {
  home: string;
  foreground: boolean;
  progress: Progress;
  /** Gets what the daemon warns of. */
  warnings: string[];
}

async function start({ home, foreground, progress, warnings }: StartWish): Promise<Start> {
  const config = await readUserConfig();
  const issueKey = config.home !== home || config.api_key === undefined;
  try {
    const onPhase = (message: string) => progress.update(message);
    const { status, adminKey, child } = await startDaemonProcess({
      home,
      issueKey,
      foreground,
      onPhase,
      onWarning: (message) => warnings.push(message),
    });
    return { apiUrl: status.api_url, adminKey, child };
  } catch (error) {
    if (!hasCode(error, "Y0007")) throw error;
    progress.update("Another start is under way");
    return { apiUrl: await waitForOtherStart(home, error), adminKey: undefined };
  }
}

async function waitForOtherStart(home: string, error: unknown): Promise<string> {
  const deadline = performance.now() + otherStartMs;
  while (performance.now() < deadline) {
    const daemon = await findDaemon(home);
    if (daemon) return daemon.api_url;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw error;
}

/** Sees to it that the user's configuration has this daemon's address and a key that it takes. */
async function openDaemon(home: string, apiUrl: string, newKey: string | undefined): Promise<DaemonStatus> {
  const config = await readUserConfig();
  const known = newKey ?? (config.home === home ? config.api_key : undefined);
  const apiKey = known !== undefined && (await isTaken(apiUrl, known)) ? known : await issueKey();
  if (config.api_url !== apiUrl || config.api_key !== apiKey || config.home !== home) {
    await writeUserConfig({ ...config, api_url: apiUrl, api_key: apiKey, home });
  }
  return (await openControl({ url: apiUrl, apiKey })).status();
}

async function isTaken(url: string, apiKey: string): Promise<boolean> {
  try {
    await (await openControl({ url, apiKey })).whoAmI();
    return true;
  } catch (error) {
    if (hasCode(error, "Y2002")) return false;
    throw error;
  }
}

/** Whoever may read the home is its administrator. */
async function issueKey(): Promise<string> {
  try {
    return await runDaemonProgram("issue-key");
  } catch (error) {
    throw posternError("Y2003", "Postern runs, but gives this user no API key.", {
      detail: error instanceof Error ? error.message : undefined,
      hint: "Log in with `postern login`, or run this as the user who started it.",
      cause: error,
    });
  }
}

const show = ({ output }: CliContext, status: DaemonStatus) =>
  output.print(status, () =>
    renderFields([
      ["API", status.api_url],
      ["Pooled", status.pool_address],
      ["Direct", describeDirect(status)],
      ["Open to", describeListen(status)],
      ["Postgres", status.toolchain.postgres],
      ["Home", status.home],
    ]),
  );

/** A daemon in the foreground gets the terminal's ^C itself, and other signals from here. */
function untilItEnds(child: StartedDaemon["child"]): Promise<number> {
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}
