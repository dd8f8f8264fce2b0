/** In charge of Postgres servers that run in a machine of their own: a guest of QEMU's with nothing else in it. */
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, posternError } from "../../base/error.ts";
import { KeyedLock } from "../../base/keyed-lock.ts";
import { clearDirectory } from "../clear-directory.ts";
import type { BridgePlan } from "../gate/gate-messages.ts";
import { signalProcess } from "../live-process.ts";
import { ownPath } from "../own-path.ts";
import { ownSocket, pointSocket } from "../point-socket.ts";
import type { Runtime, ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import { beginServer, setServer } from "./begin-server.ts";
import { type Composed, composeMachine, type ImageNote, readImageNote } from "./compose-machine.ts";
import type { GuestAgent, GuestState } from "./guest-agent.ts";
import { findGuestImage } from "./guest-image.ts";
import { findGuestPid, guestFiles, guestSockets, hasEnded, ownHost } from "./guest-layout.ts";
import { GuestLines } from "./guest-lines.ts";
import { growContent, growFile, isTooSmall } from "./guest-room.ts";
import { waitForAnswer } from "./launch-machine.ts";
import { makeGuest, readText, requireDisk, writeOwned } from "./make-guest.ts";
import { QmpClient } from "./qmp-client.ts";
import { spawnAtPort } from "./spawn-at-port.ts";
import { dropMemory, leaveMemory, resumeMemory, takeMemory } from "./suspended-memory.ts";
import { tendGuest } from "./tend-guest.ts";

/** Who leads to guests outlives the daemon. */
export interface Bridges {
  serve(plan: BridgePlan): Promise<void>;
  drop(name: string): Promise<void>;
}

export interface MicrovmRuntimeOptions {
  /** Images and QEMU are here. */
  root: string;
  /** Where the verdict on the acceleration is kept. */
  directory: string;
  usualMajor: string;
  account: ServerAccount;
  ephemeral: boolean;
  countsStatements: boolean;
  /** Users come encrypted or not at all: other machines reach the ports. */
  isEncrypted: boolean;
  /** Data directory that servers of this major begin as. */
  templateOf(major: string): Promise<string>;
  bridges: Bridges;
  observe(message: string): void;
}

/** A machine that is emulated, on a busy host, takes its time. */
const startWithinMs = 300_000;
const wakeWithinMs = 30_000;
const stopWithinMs = 60_000;

export class MicrovmRuntime implements Runtime {
  readonly #options: MicrovmRuntimeOptions;
  readonly #lines = new GuestLines();
  readonly #starts = new KeyedLock();
  /** Machines that are being put to sleep or stopped: nobody else lets them go on. */
  readonly #ending = new Set<string>();

  constructor(options: MicrovmRuntimeOptions) {
    this.#options = options;
  }

  create(spec: ServerSpec): Promise<void> {
    return makeGuest(spec, this.#options);
  }

  /** Two at once are one after the other: the second takes over what the first has started. */
  start(spec: ServerSpec): Promise<number> {
    return this.#starts.run(spec.name, () => this.#start(spec));
  }

  async #start(spec: ServerSpec): Promise<number> {
    await requireDisk(spec);
    await mkdir(spec.socketDirectory, { recursive: true, mode: 0o700 });
    await ownPath(spec.socketDirectory, this.#options.account);
    const pid = (await this.#adopt(spec)) ?? (await this.#wakeOrBoot(spec));
    await this.#options.bridges.serve(this.#bridgePlan(spec));
    if (spec.tcpPort !== null && spec.tcpPort !== 5432)
      await pointSocket(spec.socketDirectory, ownSocket(spec.tcpPort));
    return pid;
  }

  async reload(spec: ServerSpec): Promise<void> {
    if ((await findGuestPid(spec)) === null) return;
    const agent = await this.#lines.agent(spec);
    await setServer(spec, agent, await agent.ping(), this.#options);
    await agent.order("reload");
  }

  async stop(spec: ServerSpec): Promise<void> {
    await this.#end(spec);
    await dropMemory(spec);
  }

  async suspend(spec: ServerSpec): Promise<void> {
    const pid = await findGuestPid(spec);
    if (pid === null) return;
    const fits = (await readImageNote(spec))?.fits ?? "";
    this.#ending.add(spec.name);
    try {
      await leaveMemory(spec, { pid, fits, account: this.#options.account, withinMs: stopWithinMs });
    } catch (error) {
      // What is not suspended is stopped; its next start only takes longer.
      this.#options.observe(`${spec.name} could not be suspended: ${describe(error)}`);
      await this.#goOn(spec).catch(() => {});
      await this.stop(spec);
    } finally {
      this.#ending.delete(spec.name);
    }
    this.#lines.drop(spec);
  }

  async tend(spec: ServerSpec, { clockMoved = false } = {}): Promise<string | undefined> {
    if (this.#ending.has(spec.name) || (await findGuestPid(spec)) === null) return undefined;
    return tendGuest(spec, () => this.#lines.agent(spec), { clockMoved });
  }

  findPid(spec: ServerSpec): Promise<number | null> {
    return findGuestPid(spec);
  }

  async versionOf(spec: ServerSpec): Promise<string> {
    const noted = await readImageNote(spec);
    if (noted) return noted.postgres_version;
    const major = (await readText(join(spec.dataDirectory, "PG_VERSION")))?.trim();
    return (await findGuestImage(this.#options.root, major ?? this.#options.usualMajor)).manifest
      .postgres_version;
  }

  async remove(spec: ServerSpec): Promise<void> {
    await this.#end(spec);
    await this.#options.bridges.drop(spec.name).catch(() => {});
    await clearDirectory(dirname(spec.dataDirectory), spec.dataDirectory);
    await rm(spec.socketDirectory, { recursive: true, force: true });
  }

  /** One that an earlier daemon left: running, or stopped on the way to its sleep. Where users come in cannot be changed. */
  async #adopt(spec: ServerSpec): Promise<number | null> {
    const pid = await findGuestPid(spec);
    if (pid === null) return null;
    if ((await readImageNote(spec))?.users_port !== spec.tcpPort) {
      await this.#end(spec);
      return null;
    }
    try {
      await this.#goOn(spec);
      const agent = await this.#lines.agent(spec);
      await this.#begin(spec, agent, await waitForAnswer(spec, agent, startWithinMs));
      return pid;
    } catch (error) {
      if (!hasCode(error, "Y8105")) throw error;
      // It hangs, or its machine does not answer: nothing is lost by ending it.
      await this.#kill(spec, pid);
      return null;
    }
  }

  /** Lets a guest run that was stopped; the memory that was written of it is old then. */
  async #goOn(spec: ServerSpec): Promise<void> {
    if ((await findGuestPid(spec)) === null) return;
    const monitor = await QmpClient.open(guestSockets(spec).monitor);
    try {
      await dropMemory(spec);
      const { running } = await monitor.run<{ running: boolean }>("query-status");
      if (!running) await monitor.run("cont");
    } finally {
      monitor.close();
    }
  }

  async #wakeOrBoot(spec: ServerSpec): Promise<number> {
    const machine = await composeMachine(spec, this.#options);
    const memory = await takeMemory(spec, machine.fits);
    if (memory) {
      try {
        return await this.#launch(spec, machine, memory.fd);
      } catch (error) {
        if (hasCode(error, "Y4014")) throw error;
        this.#options.observe(`${spec.name} could not be woken and boots instead: ${describe(error)}`);
        await this.#end(spec);
      } finally {
        await memory.close();
      }
    }
    const grows = await isTooSmall(spec);
    if (grows) await growFile(spec, this.#options);
    const pid = await this.#boot(spec, machine);
    if (grows) await this.#growContent(spec);
    return pid;
  }

  /** What ended a machine may be over: too little memory for a moment, a kernel that an emulation was too slow for. */
  async #boot(spec: ServerSpec, machine: Composed): Promise<number> {
    try {
      return await this.#launch(spec, machine);
    } catch (error) {
      if (!hasCode(error, "Y8104")) throw error;
      this.#options.observe(`${spec.name} boots once more: ${describe(error)}`);
      return this.#launch(spec, machine);
    }
  }

  /** One that does not works as before, and is asked again when it boots next. */
  async #growContent(spec: ServerSpec): Promise<void> {
    try {
      await growContent(spec, await this.#lines.agent(spec), this.#options.account);
    } catch (error) {
      this.#options.observe(`the disk of ${spec.name} does not grow: ${describe(error)}`);
    }
  }

  async #launch(spec: ServerSpec, composed: Composed, memoryFrom?: number): Promise<number> {
    const { machine, fits, postgresVersion, qemuProgram } = composed;
    const note: ImageNote = { postgres_version: postgresVersion, fits, users_port: spec.tcpPort };
    await writeOwned(guestFiles(spec).image, JSON.stringify(note), this.#options.account);
    this.#lines.drop(spec);
    const pid = await spawnAtPort({
      program: qemuProgram,
      machine: { ...machine, ...(memoryFrom !== undefined && { memoryFrom }) },
      spec,
      account: this.#options.account,
    });
    try {
      const isWoken = memoryFrom !== undefined;
      if (isWoken) await resumeMemory(guestSockets(spec).monitor, wakeWithinMs);
      const agent = await this.#lines.agent(spec);
      // One that was awake when it fell asleep is so now; that it answers is enough, and it takes clients at the right time.
      const state = isWoken ? "ready" : await waitForAnswer(spec, agent, startWithinMs);
      await Promise.all([
        agent.order("time", Math.round(Date.now() / 1_000)),
        this.#begin(spec, agent, state),
      ]);
      return pid;
    } catch (error) {
      await this.#kill(spec, pid);
      throw error;
    }
  }

  #begin(spec: ServerSpec, agent: GuestAgent, state: GuestState): Promise<void> {
    return beginServer(
      spec,
      { agent, state, lines: this.#lines },
      { ...this.#options, withinMs: startWithinMs },
    );
  }

  /** Asked, then told, then killed; nothing that was committed is lost by any of it. @throws Y4003 */
  async #end(spec: ServerSpec): Promise<void> {
    const pid = await findGuestPid(spec);
    if (pid === null) return;
    await this.#goOn(spec).catch(() => {});
    const agent = await this.#lines.agent(spec).catch(() => undefined);
    const answers =
      agent &&
      (await agent.ping(5_000).then(
        () => true,
        () => false,
      ));
    if (answers) agent.stop();
    if (!(answers && (await hasEnded(spec, pid, stopWithinMs)))) await this.#kill(spec, pid);
    this.#lines.drop(spec);
  }

  async #kill(spec: ServerSpec, pid: number): Promise<void> {
    this.#lines.drop(spec);
    if ((await findGuestPid(spec)) === pid) signalProcess(pid, "SIGKILL");
    if (await hasEnded(spec, pid, 15_000)) return;
    throw posternError("Y4003", `Server ${spec.name} does not stop (process ${pid}).`);
  }

  #bridgePlan(spec: ServerSpec): BridgePlan {
    const port = spec.tcpPort!;
    const socket = join(spec.socketDirectory, ownSocket(port));
    return { name: spec.name, socket, host: ownHost, port, keys: guestFiles(spec).bridge };
  }
}

/** In one line, with what QEMU or the guest said. */
function describe(error: unknown): string {
  const { message, detail } = error as { message: string; detail?: string };
  return detail === undefined ? message : `${message} ${detail}`;
}
