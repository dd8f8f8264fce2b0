/** In charge of a Postern of its own for a benchmark: the real daemon, in a home that is deleted afterwards. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const daemonProgram = fileURLToPath(new URL("../dist/bin/posternd.js", import.meta.url));

export interface TemporaryPostern {
  home: string;
  apiUrl: string;
  apiKey: string;
  /** Milliseconds from the daemon's start to its readiness, at the last start. */
  readyMs(): number;
  api<Result>(method: string, path: string, body?: unknown): Promise<Result>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

interface Started {
  daemon: ChildProcess;
  apiUrl: string;
  apiKey: string | undefined;
  readyMs: number;
}

export async function startTemporaryPostern(
  settings: Record<string, string> = {},
): Promise<TemporaryPostern> {
  const root = await mkdtemp(join(tmpdir(), "pnb-"));
  await chmod(root, 0o711);
  const home = join(root, "home");
  const environment = {
    ...process.env,
    POSTERN_HOME: home,
    POSTERN_HTTP_PORT: "0",
    POSTERN_POOL_PORT: "0",
    POSTERN_DIRECT_PORT: "0",
    POSTERN_START_FD: "3",
    // Load is what a benchmark is about.
    POSTERN_RATE_LIMIT: "off",
    ...settings,
  };
  let started = await start(environment);
  const { apiUrl } = started;
  const apiKey = started.apiKey!;
  return {
    home,
    apiUrl,
    apiKey,
    readyMs: () => started.readyMs,
    async api(method, path, body) {
      const answer = await fetch(`${apiUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json() as never;
    },
    async restart() {
      await stop(started.daemon);
      started = await start(environment);
    },
    async close() {
      await stop(started.daemon);
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function start(environment: NodeJS.ProcessEnv): Promise<Started> {
  const startedAt = performance.now();
  const daemon = spawn(process.execPath, [daemonProgram, "start"], {
    env: environment,
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  for await (const line of createInterface({ input: daemon.stdio[3] as Readable })) {
    const event = JSON.parse(line) as {
      type: string;
      status?: { api_url: string };
      admin_key?: string;
      error?: { message: string };
    };
    if (event.type === "error") throw new Error(event.error!.message);
    if (event.type === "ready")
      return {
        daemon,
        apiUrl: event.status!.api_url,
        apiKey: event.admin_key,
        readyMs: performance.now() - startedAt,
      };
  }
  throw new Error("the daemon ended before it was ready");
}

async function stop(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGTERM");
  await gone;
}
