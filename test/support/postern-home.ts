/** In charge of a whole Postern for a test: the real daemon in a home and on ports of its own, stopped at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { PosternError } from "@postern/sdk/error";
import type { DaemonStatus, ErrorBody } from "@postern/sdk/protocol";
import { readConfig } from "../../src/base/config.ts";
import type { StartEvent } from "../../src/daemon/start-events.ts";
import { findPostmaster } from "../../src/runtime/find-postmaster.ts";
import { copyPreparedHome, fastSettings } from "./prepared-home.ts";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));

export interface CommandEnd {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  input?: string;
  environment?: Record<string, string>;
}

export interface PosternHome {
  home: string;
  /** A folder of its own to run commands in. */
  project: string;
  environment: Record<string, string>;
  /** Runs `postern …`; resolves whatever its exit code. */
  run(args: readonly string[], options?: CommandOptions): Promise<CommandEnd>;
  /** Runs `postern … --json` and parses its output; throws with stderr when it fails. */
  json<Result>(args: readonly string[], options?: CommandOptions): Promise<Result>;
  /** Starts the daemon itself, without the command line, and waits until it is ready. */
  start(): Promise<DaemonStatus>;
  /** Sends a signal to the daemon and waits until it is gone. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Calls the API, as the administrator unless a token is given; throws the PosternError that it answers. */
  api<Result>(method: string, path: string, body?: unknown, token?: string): Promise<Result>;
  apiUrl(): string;
  apiKey(): string;
  /** Pid of a Postgres server (`system`, `shared`, `ins-…`) or of `pgbouncer`. */
  serverPid(name: string): Promise<number>;
  /** Stops everything and deletes the home. */
  close(): Promise<void>;
}

/** Without what would change what commands do: CI says so of itself, and has its own ends of the lint. */
function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !entry[0].startsWith("POSTERN_") &&
        !["DATABASE_URL", "CI"].includes(entry[0]),
    ),
  );
}

/** Not started yet: call `start`. @param settings of the environment. */
/** @param prefix of the daemon's command line: `ip netns exec …` */
export async function createPosternHome(
  settings: Record<string, string> = {},
  prefix: readonly string[] = [],
): Promise<PosternHome> {
  const root = await mkdtemp(join(tmpdir(), "pn-"));
  const home = join(root, "home");
  const project = join(root, "project");
  await mkdir(project);
  // The servers' unprivileged user must be able to pass.
  await chmod(root, 0o711);
  // Beside shared tables there is no server of its own that could be prepared.
  if (!settings.POSTERN_STATE_URL) await copyPreparedHome(home);
  const environment: Record<string, string> = {
    ...inheritedEnvironment(),
    POSTERN_HOME: home,
    // One is enough to have them in the way; several only slow down a machine on which tests run side by side.
    POSTERN_WORKERS: "1",
    POSTERN_TOOLCHAIN_DIR: readConfig().toolchainDirectory,
    POSTERN_CONFIG_DIR: join(root, "config"),
    POSTERN_HTTP_PORT: "0",
    POSTERN_POOL_PORT: "0",
    POSTERN_DIRECT_PORT: "0",
    ...fastSettings,
    NO_COLOR: "1",
    ...settings,
  };
  const run = (args: readonly string[], options: CommandOptions = {}) =>
    runCommand(join(dist, "bin/postern.js"), args, {
      cwd: project,
      ...options,
      environment: { ...environment, ...options.environment },
    });
  let daemon: ChildProcess | undefined;
  const stop = async (signal: NodeJS.Signals) => {
    const child = daemon;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  };
  const facts = { apiUrl: "", apiKey: "" };
  return {
    home,
    project,
    environment,
    run,
    async json(args, options) {
      const end = await run([...args, "--json"], options);
      if (end.code !== 0) throw new Error(`postern ${args.join(" ")} ended with ${end.code}: ${end.stderr}`);
      return JSON.parse(end.stdout);
    },
    async start() {
      const started = await startDaemon(
        {
          ...environment,
          POSTERN_ISSUE_KEY: facts.apiKey === "" ? "1" : "0",
        },
        prefix,
      );
      daemon = started.daemon;
      facts.apiUrl = started.status.api_url;
      facts.apiKey = started.adminKey ?? facts.apiKey;
      return started.status;
    },
    stop,
    async api(method, path, body, token) {
      const answer = await fetch(`${facts.apiUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token ?? facts.apiKey}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw PosternError.fromBody(JSON.parse(text) as ErrorBody, answer.status);
      return text === "" ? undefined : JSON.parse(text);
    },
    apiUrl: () => facts.apiUrl,
    apiKey: () => facts.apiKey,
    async serverPid(name) {
      if (name === "pgbouncer") return Number(await readFile(join(home, "pgbouncer/pgbouncer.pid"), "utf8"));
      // In a sandbox the file holds another pid than it has here.
      const pid = await findPostmaster(join(home, "instances", name, "data"));
      if (pid === null) throw new Error(`server ${name} does not run`);
      return pid;
    },
    async close() {
      await stop("SIGTERM");
      if (await isInUse(root)) {
        await run(["down"]);
        await runCommand(join(dist, "bin/posternd.js"), ["sweep"], { cwd: "/", environment });
      }
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Whether a process names the folder in its arguments or its environment, as all of Postern's do. */
async function isInUse(directory: string): Promise<boolean> {
  const holds = (file: string) =>
    readFile(file, "latin1").then(
      (text) => text.includes(directory),
      () => false,
    );
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    if ((await holds(`/proc/${pid}/cmdline`)) || (await holds(`/proc/${pid}/environ`))) return true;
  }
  return false;
}

/** Resolves at the event "ready". */
async function startDaemon(
  environment: Record<string, string>,
  prefix: readonly string[],
): Promise<{ daemon: ChildProcess; status: DaemonStatus; adminKey?: string }> {
  const [program, ...args] = [...prefix, process.execPath, join(dist, "bin/posternd.js"), "start"];
  const daemon = spawn(program!, args, {
    cwd: "/",
    env: { ...environment, POSTERN_START_FD: "3" },
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let stderr = "";
  daemon.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  for await (const line of createInterface({ input: daemon.stdio[3] as Readable })) {
    const event = JSON.parse(line) as StartEvent;
    if (event.type === "ready")
      return {
        daemon,
        status: event.status,
        ...(event.admin_key === undefined ? {} : { adminKey: event.admin_key }),
      };
    if (event.type === "error")
      throw new Error(`the daemon did not start: ${JSON.stringify(event.error)} ${stderr}`);
  }
  throw new Error(`the daemon ended before it was ready: ${stderr}`);
}

function runCommand(program: string, args: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: options.cwd,
      env: options.environment,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}
