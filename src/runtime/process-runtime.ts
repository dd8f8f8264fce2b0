/** In charge of Postgres servers that are plain processes of this machine. */
import { chmod, mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { posternError } from "../base/error.ts";
import { clearDirectory } from "./clear-directory.ts";
import { findPostmaster, ownPidOf, sandboxOf } from "./find-postmaster.ts";
import {
  endRemains,
  launchServer,
  lockHeldElsewhere,
  lockOf,
  readFrom,
  readPidFile,
  sizeOf,
} from "./launch-server.ts";
import { readCommandLine, signalProcess, waitForExit } from "./live-process.ts";
import { ownPath } from "./own-path.ts";
import { ownSocket, pointSocket } from "./point-socket.ts";
import { portTakenError } from "./port-taken.ts";
import type { PostgresMajors } from "./postgres-majors.ts";
import { replaceOwned } from "./replace-owned.ts";
import type { Runtime, ServerSpec } from "./runtime.ts";
import { reaches, type Sandbox } from "./sandbox/sandbox.ts";
import type { ServerAccount } from "./server-account.ts";
import { localRules, renderHbaRules, renderServerSettings, type ServerExposure } from "./server-settings.ts";
import { postgresMajor, postgresProgram, readMajor, type Toolchain } from "./toolchain.ts";
import type { WarmPool } from "./warm-pool.ts";

export interface ProcessRuntimeOptions {
  toolchain: Toolchain;
  /** Where other majors come from; a server's data says which it needs. */
  majors?: Pick<PostgresMajors, "get">;
  account: ServerAccount;
  exposure: ServerExposure;
  /** The servers may be lost with the machine: they do not wait for the disk. */
  ephemeral?: boolean;
  /** Servers count statements where their specification says so; they do unless said otherwise. */
  countsStatements?: boolean;
  /** Where data directories come from. */
  warmPool: WarmPool;
  /** Null: servers are plain processes. */
  sandbox?: Sandbox | null;
  /** One that runs outside a sandbox is stopped and started in one. */
  insistsOnSandbox?: boolean;
}

/** Crash recovery may take minutes; a server that still says "starting" is waited for. */
const startTimeoutMs = 600_000;
/** A killed postmaster's children hold the shared memory for a moment; a new one refuses to start until they are gone. */
const stillHeld = new RegExp(
  `pre-existing shared memory block|lock file "postmaster.pid" already exists|${lockHeldElsewhere}`,
);
const portTaken = /Address already in use/;
const heldWithinMs = 30_000;
/** What a killed postmaster leaves ends by itself, unless it is a program that does not know of it. */
const remainsPatienceMs = 1_000;

export class ProcessRuntime implements Runtime {
  readonly #options: ProcessRuntimeOptions;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
  }

  async create(spec: ServerSpec): Promise<void> {
    if (await exists(join(spec.dataDirectory, "PG_VERSION"))) return;
    await clearDirectory(spec.dataDirectory);
    await this.#makeDirectory(dirname(spec.dataDirectory), 0o750);
    await this.#options.warmPool.claim(spec.dataDirectory, spec.major);
  }

  async versionOf(spec: ServerSpec): Promise<string> {
    return (await this.#toolchainOf(spec)).postgresVersion;
  }

  async start(spec: ServerSpec): Promise<number> {
    await requireData(spec);
    await this.#makeDirectory(spec.socketDirectory, 0o700);
    const running = await this.#adopt(spec);
    const begun = performance.now();
    for (;;) {
      try {
        // Another that started it meanwhile has done it for both.
        const pid = running ?? (await this.findPid(spec)) ?? (await this.#launch(spec));
        await this.#waitUntilReady(spec, pid);
        await linkSocket(spec);
        return pid;
      } catch (error) {
        const { detail = "" } = error as { detail?: string };
        const isTaken = spec.tcpPort !== null && portTaken.test(detail);
        const patienceMs = (isTaken ? spec.portPatienceMs : undefined) ?? heldWithinMs;
        const isPassing = running === null && (isTaken || stillHeld.test(detail));
        if (isTaken && performance.now() - begun > patienceMs)
          throw await portTakenError(spec.name, spec.tcpPort!, detail);
        if (!isPassing || performance.now() - begun > patienceMs) throw error;
        if (detail === lockHeldElsewhere) await endRemains(spec.dataDirectory, remainsPatienceMs);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async reload(spec: ServerSpec): Promise<void> {
    const pid = await this.findPid(spec);
    if (pid !== null) signalProcess(pid, "SIGHUP");
  }

  async stop(spec: ServerSpec): Promise<void> {
    const pid = await this.findPid(spec);
    if (pid === null) return;
    const isSandboxed = (await sandboxOf(pid)) !== undefined;
    const isAlive = async () => (await this.findPid(spec)) === pid;
    signalProcess(pid, "SIGINT");
    const isGone = (await waitForExit(isAlive, 60_000)) || (await this.#quit(pid, isAlive));
    if (isGone && isSandboxed) {
      await endRemains(spec.dataDirectory, remainsPatienceMs);
      await this.#options.sandbox?.leaveGroups(spec);
    }
    if (isGone) return;
    throw posternError("Y4003", `Server ${spec.name} does not stop (process ${pid}).`, {
      hint: `See ${spec.logFile}.`,
    });
  }

  /** A process cannot leave its memory. */
  suspend(spec: ServerSpec): Promise<void> {
    return this.stop(spec);
  }

  async #quit(pid: number, isAlive: () => Promise<boolean>): Promise<boolean> {
    signalProcess(pid, "SIGQUIT");
    return waitForExit(isAlive, 15_000);
  }

  findPid({ dataDirectory }: ServerSpec): Promise<number | null> {
    return findPostmaster(dataDirectory);
  }

  async remove(spec: ServerSpec): Promise<void> {
    await this.stop(spec);
    await clearDirectory(dirname(spec.dataDirectory), spec.dataDirectory);
    await rm(spec.socketDirectory, { recursive: true, force: true });
    await rm(lockOf(spec), { force: true });
    await this.#options.sandbox?.leaveGroups(spec);
    await this.#options.sandbox?.forget(spec);
  }

  async #launch(spec: ServerSpec): Promise<number> {
    const { account, sandbox = null } = this.#options;
    return launchServer(spec, { toolchain: await this.#toolchainOf(spec), account, sandbox });
  }

  /** Data is of one major for ever; nothing else can read it. */
  async #toolchainOf(spec: ServerSpec): Promise<Toolchain> {
    const { toolchain, majors } = this.#options;
    const major = (await readMajor(spec.dataDirectory)) ?? spec.major ?? postgresMajor(toolchain);
    return major === postgresMajor(toolchain) || !majors ? toolchain : majors.get(major);
  }

  /** The eighth line of postmaster.pid says "ready" once connections are taken. */
  async #waitUntilReady(spec: ServerSpec, pid: number): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    const own = String(await ownPidOf(pid));
    const logOffset = Math.max(0, (await sizeOf(spec.logFile)) - 4096);
    for (;;) {
      const lines = await readPidFile(spec);
      if (lines[0] === own && lines[7]?.trim() === "ready") return;
      if ((await readCommandLine(pid)) === undefined || performance.now() > deadline) {
        throw posternError("Y4002", `Postgres server ${spec.name} did not become ready.`, {
          detail: await readFrom(spec.logFile, logOffset),
          hint: `The whole log is ${spec.logFile}.`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /**
   * Writes the settings of this start. A server that an earlier daemon left running takes them over; where it listens can
   * only be changed by stopping it. Returns the pid of one that runs on.
   */
  async #adopt(spec: ServerSpec): Promise<number | null> {
    const { exposure, ephemeral = false } = this.#options;
    const major = Number(await readMajor(spec.dataDirectory));
    const file = join(spec.dataDirectory, "postern.conf");
    const before = await readFile(file, "utf8").catch(() => "");
    const settings = { ...spec.settings, ...(await this.#countingSettings(spec)) };
    const after = renderServerSettings({ ...spec, settings }, exposure, { ephemeral });
    const running = await this.findPid(spec);
    const isMoved =
      running !== null &&
      (listenLines(before) !== listenLines(after) || !(await this.#isPlacedRight(spec, running)));
    if (isMoved) await this.stop(spec);
    const isChanged = [
      await this.#replace(file, after),
      await this.#replace(
        join(spec.dataDirectory, "pg_hba.conf"),
        spec.closed ? localRules(major) : renderHbaRules(exposure, major),
      ),
    ].includes(true);
    if (running === null || isMoved) return null;
    if (isChanged) await this.reload(spec);
    return running;
  }

  /** A library that is not there would keep the server from starting. One that runs already counts from its next start on. */
  async #countingSettings(spec: ServerSpec): Promise<Record<string, string>> {
    if (spec.countsStatements === undefined || this.#options.countsStatements === false) return {};
    const program = postgresProgram(await this.#toolchainOf(spec), "postgres");
    const library = join(dirname(dirname(program)), "lib", "pg_stat_statements.so");
    if (!(await exists(library))) return {};
    return {
      shared_preload_libraries: "pg_stat_statements",
      "pg_stat_statements.max": String(spec.countsStatements),
      // Utility statements hold passwords, and nobody makes them faster.
      "pg_stat_statements.track_utility": "off",
    };
  }

  /** A sandbox stays as it was made: one that lets in less than the server needs by now is left by a start. */
  async #isPlacedRight(spec: ServerSpec, running: number): Promise<boolean> {
    const { sandbox, insistsOnSandbox = false } = this.#options;
    if (!sandbox) return true;
    const place = await sandboxOf(running);
    return place ? reaches(place.args, await sandbox.reachOf(spec)) : !insistsOnSandbox;
  }

  #replace(file: string, text: string): Promise<boolean> {
    return replaceOwned(file, text, { mode: 0o640, account: this.#options.account });
  }

  async #makeDirectory(directory: string, mode: number): Promise<void> {
    await mkdir(directory, { recursive: true });
    await chmod(directory, mode);
    await ownPath(directory, this.#options.account);
  }
}

/** Every server is reached as port 5432 of its socket folder, whatever its TCP port is. */
async function linkSocket({ socketDirectory, tcpPort }: ServerSpec): Promise<void> {
  if (tcpPort !== null && tcpPort !== 5432) await pointSocket(socketDirectory, ownSocket(tcpPort));
}

/** Starting anew with nothing would hide that there was something. @throws Y6026 */
async function requireData(spec: ServerSpec): Promise<void> {
  if (await exists(join(spec.dataDirectory, "PG_VERSION"))) return;
  throw posternError("Y6026", `The data of server ${spec.name} is gone: ${spec.dataDirectory}`, {
    hint: `If only a disk is missing, bring it back. Else \`postern recover ${spec.name}\` brings the newest state back from its archive.`,
  });
}

const listenLines = (settings: string): string =>
  settings
    .split("\n")
    .filter((line) => /^(listen_addresses|port) /.test(line))
    .join("\n");

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
