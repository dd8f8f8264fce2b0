/**
 * In charge of a throw-away Postgres for a test: bare, without anything of Postern's. The data directory is a copy of one
 * that is initialised once per toolchain and kept in the temporary directory.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { quoteIdentifier } from "../../src/postgres/identifier.ts";
import { ownPath } from "../../src/runtime/own-path.ts";
import { runProgram } from "../../src/runtime/run-program.ts";
import { ensureServerAccount, type ServerAccount } from "../../src/runtime/server-account.ts";
import { postgresProgram, type Toolchain } from "../../src/runtime/toolchain.ts";
import { testToolchain } from "./toolchain.ts";
import { waitUntil } from "./wait-until.ts";

export const superuser = "test_admin";

export interface TestServer {
  /** Folder of the socket: what pg calls `host`; the port is 5432, or that of the settings. */
  readonly socketDirectory: string;
  /** Pid of the postmaster. */
  readonly pid: number;
  /** A connected session: of the superuser in "postgres" unless said otherwise. `stop` ends it if the test does not. */
  connect(options?: { user?: string; database?: string; applicationName?: string }): Promise<pg.Client>;
  /** An empty database of its own; returns its name. */
  createDatabase(options?: { owner?: string; template?: string }): Promise<string>;
  /** Kills the server as a crash would, starts it again and waits until it answers. */
  crashAndRestart(): Promise<void>;
  /** Kills it and leaves it so until `start`. */
  halt(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestServer(
  settings: Record<string, string> = {},
  programs: Partial<Toolchain> = {},
): Promise<TestServer> {
  const toolchain = { ...(await testToolchain()), ...programs };
  const account = await ensureServerAccount();
  const root = await mkdtemp(join(tmpdir(), "pts-"));
  await chmod(root, 0o711);
  const data = join(root, "data");
  const socketDirectory = join(root, "run");
  await cp(await initialisedDirectory(toolchain, account), data, {
    recursive: true,
    preserveTimestamps: true,
  });
  await mkdir(socketDirectory);
  if (account.separate) execFileSync("chown", ["-R", `${account.uid}:${account.gid}`, data, socketDirectory]);
  const server = new Server(root, { toolchain, account, data, socketDirectory, settings });
  await server.start();
  return server;
}

interface Place {
  toolchain: Toolchain;
  account: ServerAccount;
  data: string;
  socketDirectory: string;
  settings: Record<string, string>;
}

class Server implements TestServer {
  readonly socketDirectory: string;
  readonly #root: string;
  readonly #place: Place;
  readonly #sessions = new Set<pg.Client>();
  #process: ReturnType<typeof spawn> | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(root: string, place: Place) {
    this.#root = root;
    this.#place = place;
    this.socketDirectory = place.socketDirectory;
  }

  get #port(): number {
    return Number(this.#place.settings.port ?? 5432);
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  async start(): Promise<void> {
    const { toolchain, account, data, socketDirectory, settings } = this.#place;
    const all = { fsync: "off", listen_addresses: "", unix_socket_directories: socketDirectory, ...settings };
    const options = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const program = postgresProgram(toolchain, "postgres");
    const child = spawn(program, ["-D", data, ...options], {
      stdio: "ignore",
      ...(account.separate ? { uid: account.uid, gid: account.gid } : {}),
    });
    this.#process = child;
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
    // A test file that throws before its clean-up must not leave a server behind.
    process.once("exit", this.#kill);
    await waitUntil("the test server answers", () => this.#answers());
  }

  async connect({
    user = superuser,
    database = "postgres",
    applicationName = "test",
  } = {}): Promise<pg.Client> {
    const client = new pg.Client({
      host: this.socketDirectory,
      port: this.#port,
      user,
      database,
      application_name: applicationName,
    });
    client.on("error", () => {});
    await client.connect();
    this.#sessions.add(client);
    client.once("end", () => this.#sessions.delete(client));
    return client;
  }

  async createDatabase({ owner = superuser, template = "template0" } = {}): Promise<string> {
    const name = `test_${randomBytes(6).toString("hex")}`;
    const admin = await this.connect();
    await admin.query(
      `create database ${name} owner ${quoteIdentifier(owner)} template ${quoteIdentifier(template)} strategy file_copy`,
    );
    await admin.end();
    return name;
  }

  async crashAndRestart(): Promise<void> {
    await this.halt();
    await this.start();
  }

  async halt(): Promise<void> {
    this.#process!.kill("SIGQUIT");
    await this.#ended;
    process.off("exit", this.#kill);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sessions].map((client) => client.end().catch(() => {})));
    this.#kill();
    await this.#ended;
    process.off("exit", this.#kill);
    await rm(this.#root, { recursive: true, force: true });
  }

  /** SIGQUIT: every backend ends at once; the data is thrown away. */
  readonly #kill = (): void => {
    this.#process?.kill("SIGQUIT");
  };

  async #answers(): Promise<boolean> {
    if (this.#process!.exitCode !== null)
      throw new Error(`the test server ended with ${this.#process!.exitCode}`);
    const client = new pg.Client({
      host: this.socketDirectory,
      port: this.#port,
      user: superuser,
      database: "postgres",
    });
    client.on("error", () => {});
    const connected = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    return connected;
  }
}

/** Made beside its final place and renamed, so that several test processes can want it at once. */
async function initialisedDirectory(toolchain: Toolchain, account: ServerAccount): Promise<string> {
  const target = join(tmpdir(), `postern-test-${account.username}-${toolchain.postgresVersion}`);
  if (await exists(target)) return target;
  const making = await mkdtemp(`${target}-`);
  await ownPath(making, account);
  const args = [
    "-D",
    join(making, "data"),
    "-U",
    superuser,
    "--encoding=UTF8",
    "--locale=C",
    "--auth=trust",
    "--no-sync",
  ];
  const { exitCode, stderr } = await runProgram(postgresProgram(toolchain, "initdb"), args, { account });
  if (exitCode !== 0) throw new Error(`initdb ended with ${exitCode}: ${stderr}`);
  await rename(join(making, "data"), target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  await rm(making, { recursive: true, force: true });
  return target;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
