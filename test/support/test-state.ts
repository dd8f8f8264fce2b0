/** In charge of Postern's own tables for a test: a throw-away Postgres with the schema of the state, and nothing else. */
import { execFile } from "node:child_process";
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { currentUser } from "../../src/base/config.ts";
import { ownPath } from "../../src/runtime/own-path.ts";
import { ProcessRuntime } from "../../src/runtime/process-runtime.ts";
import { runProgram } from "../../src/runtime/run-program.ts";
import type { ServerSpec } from "../../src/runtime/runtime.ts";
import { ensureServerAccount, type ServerAccount } from "../../src/runtime/server-account.ts";
import { identRules } from "../../src/runtime/server-settings.ts";
import { postgresProgram, type Toolchain } from "../../src/runtime/toolchain.ts";
import { State } from "../../src/state/state.ts";
import { makeOnce } from "./make-once.ts";
import { testToolchain } from "./toolchain.ts";

const schemaDirectory = fileURLToPath(new URL("../../src/state/schema/", import.meta.url));
const user = "postern_admin";
const execute = promisify(execFile);

export interface TestState {
  state: State;
  /** Empties all tables. */
  clear(): Promise<void>;
  /** Stops the server and deletes its files. */
  close(): Promise<void>;
}

export async function startTestState(): Promise<TestState> {
  const prepared = await makeOnce("state", makeState);
  const root = await mkdtemp(join(tmpdir(), "pst-"));
  if (prepared === undefined) await makeState(root);
  else await execute("cp", ["-a", "--reflink=auto", join(prepared, "server"), root]);
  const { spec, runtime, state } = await startServer(root);
  return {
    state,
    async clear() {
      await state.query("truncate accounts, api_keys, databases, database_tokens cascade");
    },
    async close() {
      await state.close();
      await runtime.stop(spec);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A server with the schema, stopped again, in a folder that holds nothing yet. */
async function makeState(root: string): Promise<void> {
  const { spec, runtime, state } = await startServer(root);
  for (const name of (await readdir(schemaDirectory)).filter((file) => file.endsWith(".sql")).sort()) {
    await state.query(await readFile(join(schemaDirectory, name), "utf8"));
  }
  await state.close();
  await runtime.stop(spec);
}

async function startServer(root: string) {
  const toolchain = await testToolchain();
  const account = await ensureServerAccount();
  await chmod(root, 0o711);
  const spec: ServerSpec = {
    name: "state",
    dataDirectory: join(root, "server", "data"),
    socketDirectory: join(root, "run"),
    logFile: join(root, "server", "postgres.log"),
    tcpPort: null,
    settings: {},
  };
  const runtime = new ProcessRuntime({
    toolchain,
    account,
    exposure: { listen: "127.0.0.1", tlsFile: null, insecure: false },
    ephemeral: true,
    warmPool: { claim: (directory) => initialise(directory, toolchain, account), refill: async () => {} },
  });
  await runtime.create(spec);
  await runtime.start(spec);
  const state = new State({ socketDirectory: spec.socketDirectory, user, database: "postgres" });
  return { spec, runtime, state };
}

async function initialise(directory: string, toolchain: Toolchain, account: ServerAccount): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  await ownPath(dirname(directory), account);
  const args = ["-D", directory, "-U", user, "--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync"];
  const { exitCode, stderr } = await runProgram(postgresProgram(toolchain, "initdb"), args, { account });
  if (exitCode !== 0) throw new Error(`initdb ended with ${exitCode}: ${stderr}`);
  await appendFile(join(directory, "postgresql.conf"), "\ninclude_if_exists 'postern.conf'\n");
  // Its start writes the rules by which the operating system's word counts.
  await writeFile(join(directory, "pg_ident.conf"), identRules([account.username, currentUser()]));
  await ownPath(join(directory, "pg_ident.conf"), account);
}
