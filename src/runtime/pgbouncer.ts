/** In charge of PgBouncer: one process in front of all servers, adopted when it runs already, told of every database. */
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../base/error.ts";
import { findServerPid, signalProcess, waitForExit } from "./live-process.ts";
import { ownPath } from "./own-path.ts";
import {
  type PoolerSettings,
  poolAdminUser,
  poolerHbaRules,
  renderPoolerSettings,
  renderPoolTargets,
} from "./pgbouncer-settings.ts";
import { PoolerConsole } from "./pooler-console.ts";
import type { ServerAccount } from "./server-account.ts";
import { spawnServer } from "./spawn-server.ts";
import type { Toolchain } from "./toolchain.ts";

export interface PoolTarget {
  /** Name that clients connect to, which is also the name in Postgres. */
  database: string;
  /** Folder of the server's socket. */
  socketDirectory: string;
}

export interface Pooler {
  /** Adds or changes the entry of a database that is not on the shared instance, and reloads. Repeatable. */
  route(target: PoolTarget): Promise<void>;
  /** Removes the entry and closes its connections. Repeatable. */
  unroute(database: string): Promise<void>;
  /** Holds the clients of a database until `resume`; its transactions get two seconds to end. Repeatable. */
  pause(database: string): Promise<void>;
  resume(database: string): Promise<void>;
  /** Drops the clients that logged in as this user before a time. */
  endClients(user: string, before: Date): Promise<void>;
  /**
   * Closes its connections to the server as soon as each is free; no client is disturbed. False when one is still logging
   * in after `patienceMs`, which would be cut off, and clients with it: nothing is done then.
   */
  reconnect(database: string, patienceMs: number): Promise<boolean>;
  /** Drops every client and server connection of a database at once. */
  kill(database: string): Promise<void>;
}

export interface PgBouncerOptions extends PoolerSettings {
  toolchain: Toolchain;
  account: ServerAccount;
  /** Password of the console's administrator. */
  adminPassword: string;
}

export class PgBouncer implements Pooler {
  readonly #options: PgBouncerOptions;
  readonly #console: PoolerConsole;
  readonly #targets = new Map<string, PoolTarget>();
  /** Databases whose pools may not grow at this moment. */
  readonly #full = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: PgBouncerOptions) {
    this.#options = options;
    this.#console = new PoolerConsole({
      host: options.socketDirectory,
      port: options.port,
      user: poolAdminUser,
      password: options.adminPassword,
    });
  }

  /** Starts with these entries, or takes over the process that runs and gives them to it. @throws Y8001 */
  async start(targets: readonly PoolTarget[]): Promise<number> {
    for (const target of targets) this.#targets.set(target.database, target);
    const { directory, socketDirectory, account } = this.#options;
    for (const folder of [directory, socketDirectory]) {
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o700);
      await ownPath(folder, account);
    }
    const settings = renderPoolerSettings(this.#options);
    // Where it listens can only be changed by stopping it.
    if (listenLines(await this.#read("pgbouncer.ini")) !== listenLines(settings)) await this.stop();
    await this.#write("pgbouncer.ini", settings);
    await this.#write("hba.conf", poolerHbaRules);
    await this.#write("userlist.txt", `"${poolAdminUser}" "${this.#options.adminPassword}"\n`);
    await this.#writeTargets();
    const running = await this.findPid();
    if (running !== null) {
      await this.#console.run("reload");
      return running;
    }
    await this.#launch();
    return (await this.findPid())!;
  }

  /** Makes it read its settings and its certificate again. @throws Y8001 */
  async reload(): Promise<void> {
    await this.#console.run("reload");
  }

  /** How many sessions there are in each state; undefined when it does not answer. */
  async countSessions(): Promise<Record<string, number> | undefined> {
    const states = ["cl_active", "cl_waiting", "sv_active", "sv_idle"] as const;
    const pools = await this.#console.show<Record<string, string>>("show pools").catch(() => undefined);
    const sum = (state: string) => pools!.reduce((total, pool) => total + Number(pool[state] ?? 0), 0);
    return pools && Object.fromEntries(states.map((state) => [state, sum(state)]));
  }

  /** Of each database its clients, those that wait, and how long clients have waited in all; undefined when it does not answer. */
  async readPools(): Promise<
    { database: string; clients: number; waiting: number; waitedMs: number }[] | undefined
  > {
    type Row = Record<"database" | "cl_active" | "cl_waiting" | "total_wait_time", string>;
    const found = await Promise.all([
      this.#console.show<Row>("show pools"),
      this.#console.show<Row>("show stats"),
    ]).catch(() => undefined);
    if (!found) return undefined;
    const [pools, stats] = found;
    return stats.map(({ database, total_wait_time: waitedUs }) => {
      const own = pools.filter((pool) => pool.database === database);
      const sum = (key: "cl_active" | "cl_waiting") =>
        own.reduce((total, pool) => total + Number(pool[key]), 0);
      return {
        database,
        clients: sum("cl_active") + sum("cl_waiting"),
        waiting: sum("cl_waiting"),
        waitedMs: Number(waitedUs) / 1_000,
      };
    });
  }

  /** Clients in the middle of a transaction may finish it within a few seconds. */
  async stop(): Promise<void> {
    const pid = await this.findPid();
    if (pid === null) return;
    const isAlive = async () => (await this.findPid()) === pid;
    signalProcess(pid, "SIGINT");
    if (await waitForExit(isAlive, 3_000)) return;
    signalProcess(pid, "SIGTERM");
    if (await waitForExit(isAlive, 3_000)) return;
    signalProcess(pid, "SIGKILL");
    await waitForExit(isAlive, 5_000);
  }

  findPid(): Promise<number | null> {
    const { directory } = this.#options;
    return findServerPid(join(directory, "pgbouncer.pid"), directory);
  }

  async route(target: PoolTarget): Promise<void> {
    if (this.#targets.get(target.database)?.socketDirectory === target.socketDirectory) return;
    this.#targets.set(target.database, target);
    await this.#writeTargets();
    await this.#console.run("reload");
  }

  /** The same for many; what there is besides stays. */
  async routeAll(targets: readonly PoolTarget[]): Promise<void> {
    const isNew = ({ database, socketDirectory }: PoolTarget) =>
      this.#targets.get(database)?.socketDirectory !== socketDirectory;
    const fresh = targets.filter(isNew);
    if (fresh.length === 0) return;
    for (const target of fresh) this.#targets.set(target.database, target);
    await this.#writeTargets();
    await this.#console.run("reload");
  }

  async unroute(database: string): Promise<void> {
    if (this.#targets.delete(database)) {
      await this.#writeTargets();
      await this.#console.run("reload");
    }
    await this.#console.runOn("kill", database);
    await this.#console.runOn("resume", database);
  }

  async pause(database: string): Promise<void> {
    // An entry made by the wildcard exists only while it is used; only one that exists can be paused.
    if (!this.#targets.has(database))
      await this.route({ database, socketDirectory: this.#options.sharedSocketDirectory });
    await this.#console.runOn("pause", database, 2_000);
  }

  async resume(database: string): Promise<void> {
    await this.#console.runOn("resume", database);
  }

  async endClients(user: string, before: Date): Promise<void> {
    const clients = await this.#console.show<{ user: string; id: string; connect_time: string }>(
      "show clients",
    );
    for (const client of clients) {
      // The time is told to the second: who came in the second of the rotation itself comes again.
      if (client.user === user && new Date(client.connect_time) < before)
        await this.#console.run(`kill_client ${Number(client.id)}`);
    }
  }

  async reconnect(database: string, patienceMs: number): Promise<boolean> {
    const reconnect = () => this.#console.reconnectUnlessLoggingIn(database, patienceMs);
    // An entry made by the wildcard cannot be told this.
    if (!this.#targets.has(database)) return reconnect();
    // Between a look and the order the next login could begin; none does while the pool may not grow.
    await this.#setFull(database, true);
    try {
      return await reconnect();
    } finally {
      await this.#setFull(database, false);
    }
  }

  async #setFull(database: string, isFull: boolean): Promise<void> {
    if (isFull) this.#full.add(database);
    else this.#full.delete(database);
    await this.#writeTargets();
    await this.#console.run("reload");
  }

  async kill(database: string): Promise<void> {
    await this.#console.runOn("kill", database);
    await this.#console.runOn("resume", database);
  }

  async #launch(): Promise<void> {
    const { toolchain, account, directory, port } = this.#options;
    await rm(join(directory, "pgbouncer.pid"), { force: true });
    const logFile = join(directory, "pgbouncer.log");
    const child = spawnServer(toolchain.pgbouncer, [join(directory, "pgbouncer.ini")], {
      account,
      logFile,
    });
    let ended = false;
    child.once("exit", () => (ended = true));
    child.once("error", () => (ended = true));
    const deadline = performance.now() + 15_000;
    while (!(await this.#console.answers())) {
      if (ended || performance.now() > deadline) {
        throw posternError("Y8001", "PgBouncer did not start.", {
          detail: (await readFile(logFile, "utf8").catch(() => "")).trim().split("\n").slice(-5).join("\n"),
          hint: `Is port ${port} free? POSTERN_POOL_PORT chooses another one.`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** One after the other: databases are made and destroyed side by side, and the last writing must have all of them. */
  #writeTargets(): Promise<void> {
    const write = () =>
      this.#write("databases.ini", renderPoolTargets([...this.#targets.values()], this.#full));
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }

  #read(name: string): Promise<string> {
    return readFile(join(this.#options.directory, name), "utf8").catch(() => "");
  }

  async #write(name: string, text: string): Promise<void> {
    const file = join(this.#options.directory, name);
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await ownPath(`${file}.new`, this.#options.account);
    await rename(`${file}.new`, file);
  }
}

const listenLines = (settings: string): string =>
  settings
    .split("\n")
    .filter((line) => line.startsWith("listen_"))
    .join("\n");
