/** In charge of a whole Postern for a test: the real daemon in a home and on ports of its own, stopped at the end. */
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../src/base/config.ts";

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
  /** Starts the daemon and waits until it is ready. */
  up(): Promise<void>;
  apiUrl(): Promise<string>;
  apiKey(): Promise<string>;
  daemonPid(): Promise<number>;
  /** Pid of a Postgres server (`system`, `shared`, `ins-…`) or of `pgbouncer`. */
  serverPid(name: string): Promise<number>;
  /** Stops everything and deletes the home. */
  close(): Promise<void>;
}

/** Not started yet: call `up`. */
export async function createPosternHome(): Promise<PosternHome> {
  const root = await mkdtemp(join(tmpdir(), "pn-"));
  const home = join(root, "home");
  const project = join(root, "project");
  await mkdir(project);
  // The servers' unprivileged user must be able to pass.
  await chmod(root, 0o711);
  const environment: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(
        (entry): entry is [string, string] =>
          entry[1] !== undefined && !entry[0].startsWith("POSTERN_") && entry[0] !== "DATABASE_URL",
      ),
    ),
    POSTERN_HOME: home,
    POSTERN_TOOLCHAIN_DIR: readConfig().toolchainDirectory,
    POSTERN_CONFIG_DIR: join(root, "config"),
    POSTERN_HTTP_PORT: "0",
    POSTERN_POOL_PORT: "0",
    POSTERN_DIRECT_PORT: "0",
    NO_COLOR: "1",
  };
  const run = (args: readonly string[], options: CommandOptions = {}) =>
    runCommand(join(dist, "bin/postern.js"), args, {
      cwd: project,
      ...options,
      environment: { ...environment, ...options.environment },
    });
  const readJson = async (file: string) =>
    JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
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
    async up() {
      const end = await run(["up"]);
      if (end.code !== 0) throw new Error(`postern up ended with ${end.code}: ${end.stderr}`);
    },
    apiUrl: async () => String((await readJson(join(home, "daemon.json"))).api_url),
    apiKey: async () => String((await readJson(join(root, "config", "config.json"))).api_key),
    daemonPid: async () => Number((await readJson(join(home, "daemon.json"))).pid),
    async serverPid(name) {
      const file =
        name === "pgbouncer"
          ? join(home, "pgbouncer/pgbouncer.pid")
          : join(home, "instances", name, "data/postmaster.pid");
      return Number((await readFile(file, "utf8")).split("\n")[0]);
    },
    async close() {
      await run(["down"]);
      await runCommand(join(dist, "bin/posternd.js"), ["sweep"], { cwd: "/", environment });
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
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
