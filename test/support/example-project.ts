/** In charge of an example as a newcomer has it: a copy of its folder, in which the commands of its README are run. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { waitUntil } from "./wait-until.ts";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

export interface CommandResult {
  command: string;
  stdout: string;
  stderr: string;
}

export interface ExampleProject {
  path: string;
  /** The commands of the README, a list for each of its blocks. */
  blocks: string[][];
  /** Runs a command as a shell would; throws with what it said when it fails. */
  run(command: string, environment?: Record<string, string>): Promise<CommandResult>;
  /** Starts a server and waits until it answers. @returns its origin */
  serve(command: string, environment?: Record<string, string>): Promise<string>;
  /** Ends the servers as ^C would. @returns their exit codes */
  stop(): Promise<(number | null)[]>;
  close(): Promise<void>;
}

export interface ExampleSource {
  name: string;
  /** By which commands find the daemon. */
  environment: Record<string, string>;
  /** Where its packages are installed. */
  modules?: string;
}

export async function copyExample(source: ExampleSource): Promise<ExampleProject> {
  const path = await mkdtemp(join(tmpdir(), "px-"));
  // What somebody who tried it in place has left there is not part of it.
  const filter = (file: string) =>
    !["node_modules", "dist", ".postern", "generated"].includes(basename(file));
  await cp(join(examples, source.name), path, { recursive: true, filter });
  await symlink(source.modules ?? join(root, "node_modules"), join(path, "node_modules"));
  const env = await environmentFor(source.environment, path);
  const servers: ChildProcess[] = [];
  const stop = () => Promise.all(servers.splice(0).map(endServer));
  return {
    path,
    blocks: readBlocks(await readFile(join(path, "README.md"), "utf8")),
    async run(command, environment) {
      const options = { cwd: path, env: { ...env, ...environment } };
      const { stdout, stderr } = await promisify(execFile)("bash", ["-euc", command], options).catch(
        (error: { stdout: string; stderr: string; message: string }) => {
          throw new Error(`${command}: ${error.stderr}${error.stdout}${error.message}`);
        },
      );
      return { command, stdout, stderr };
    },
    async serve(command, environment) {
      const port = await freePort();
      const server = spawn("bash", ["-euc", `exec ${command}`], {
        cwd: path,
        env: { ...env, ...environment, PORT: String(port) },
        stdio: ["ignore", "pipe", "pipe"],
      });
      servers.push(server);
      let said = "";
      for (const stream of [server.stdout, server.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (said += text));
      await waitUntil(`${command} listens`, async () => {
        if (server.exitCode !== null) throw new Error(`${command} ended with ${server.exitCode}: ${said}`);
        return said.includes(`http://localhost:${port}`);
      });
      return `http://127.0.0.1:${port}`;
    },
    stop,
    async close() {
      await stop();
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** The README's first block sets up and ends with the server; packages are installed already. @returns its origin */
export async function followReadme(
  example: ExampleProject,
  skipped: readonly string[] = ["npm install", "postern up"],
): Promise<string> {
  const commands = example.blocks[0]!.filter((command) => !skipped.includes(command));
  for (const command of commands.slice(0, -1)) await example.run(command);
  return example.serve(commands.at(-1)!);
}

/** The fenced blocks of a shell's commands; a command that goes on in the next line is one. */
const readBlocks = (markdown: string): string[][] =>
  [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) =>
    block!
      .replace(/\\\n\s*/g, "")
      .split("\n")
      .map((line) => line.replace(/\s+# .*/, "").trim())
      .filter((line) => line !== ""),
  );

/** With `postern` on the path, wherever the checkout's own command is kept. */
async function environmentFor(environment: Record<string, string>, path: string) {
  const folder = join(path, ".bin");
  await mkdir(folder);
  const command = join(folder, "postern");
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${root}dist/bin/postern.js" "$@"\n`);
  await chmod(command, 0o755);
  const folders = [folder, join(path, "node_modules/.bin"), join(root, "node_modules/.bin")];
  return { ...environment, PATH: `${folders.join(":")}:${environment.PATH ?? process.env.PATH}` };
}

async function endServer(server: ChildProcess): Promise<number | null> {
  if (server.exitCode !== null || server.signalCode !== null) return server.exitCode;
  const gone = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await gone;
  return server.exitCode;
}

/** Nobody holds it at this moment; examples take their port from PORT and not from the system. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once("error", reject)
      .listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
  });
}
