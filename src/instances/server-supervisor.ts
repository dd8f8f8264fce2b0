/** In charge of servers staying up: it looks at each one's process and starts again what died. */

import { hasCode, messageOf } from "../base/error.ts";
import type { Observe } from "../base/observation.ts";
import type { Service } from "../base/service.ts";
import type { Runtime, ServerSpec } from "../runtime/runtime.ts";

/** What is supervised: how to start it (or take it over) and how to see it. */
export interface Supervised {
  name: string;
  start(): Promise<number>;
  findPid(): Promise<number | null>;
}

interface Entry extends Supervised {
  pid: number | null;
  status: "starting" | "running" | "failed";
  detail: string | null;
  /** Not before this moment (of performance.now()) is a failed start tried again. */
  retryAt: number;
  attempts: number;
  /** What the last start failed with, until one succeeds. */
  failure?: unknown;
}

export interface SuperviseOptions {
  /** A failed first start does not throw: it is tried again in the background. */
  evenIfItFails?: boolean;
}

export interface KeepOptions extends SuperviseOptions {
  /** Asked when another program has the server's port; resolves with nothing where no other will do. */
  anotherPort?(): Promise<number | undefined>;
}

/** Where another port would do, nobody waits long for the one that was to be. */
const movablePatienceMs = 500;

const lookEveryMs = 200;
/** A pid can be reused by another process: now and then the whole identity is checked. */
const checkIdentityEvery = 25;

export class ServerSupervisor implements Service {
  readonly name = "server supervisor";
  readonly #entries = new Map<string, Entry>();
  readonly #runtime: Runtime;
  readonly #observe: Observe;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  constructor(runtime: Runtime, observe: Observe) {
    this.#runtime = runtime;
    this.#observe = observe;
  }

  async start(): Promise<void> {
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs);
  }

  /** Stops looking; the servers go on. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Starts a Postgres server (or takes it over) and keeps it up from then on. */
  async keepRunning(spec: ServerSpec, options: KeepOptions = {}): Promise<void> {
    const runtime = this.#runtime;
    let { tcpPort } = spec;
    const start = () =>
      startSomewhere(runtime, { ...spec, tcpPort }, options.anotherPort, (port) => (tcpPort = port));
    await this.supervise({ name: spec.name, start, findPid: () => runtime.findPid(spec) }, options);
  }

  async supervise(supervised: Supervised, options: SuperviseOptions = {}): Promise<void> {
    const before = await supervised.findPid();
    const entry: Entry = {
      ...supervised,
      pid: null,
      status: "starting",
      detail: null,
      retryAt: 0,
      attempts: 0,
    };
    this.#entries.set(entry.name, entry);
    await this.#bringUp(entry, before !== null);
    if (entry.failure === undefined || options.evenIfItFails) return;
    this.#entries.delete(entry.name);
    throw entry.failure;
  }

  /** Lets go of a server that is about to be stopped on purpose. */
  release(name: string): void {
    this.#entries.delete(name);
  }

  list(): Pick<Entry, "name" | "status" | "pid" | "detail" | "failure">[] {
    return [...this.#entries.values()].map(({ name, status, pid, detail, failure }) => ({
      name,
      status,
      pid,
      detail,
      failure,
    }));
  }

  #look(): void {
    this.#looks += 1;
    for (const entry of this.#entries.values()) {
      if (entry.status === "starting") continue;
      if (entry.status === "failed" && performance.now() < entry.retryAt) continue;
      if (entry.status === "running" && isAlive(entry.pid) && this.#looks % checkIdentityEvery !== 0)
        continue;
      this.#check(entry).catch((error: unknown) =>
        this.#observe({ type: "fault", where: `supervising ${entry.name}`, error }),
      );
    }
  }

  async #check(entry: Entry): Promise<void> {
    if (entry.status === "running" && (await entry.findPid()) === entry.pid) return;
    if (this.#entries.get(entry.name) !== entry || entry.status === "starting") return;
    if (entry.status === "running")
      this.#observe({
        type: "service",
        service: entry.name,
        event: "died",
        ...(entry.pid === null ? {} : { pid: entry.pid }),
      });
    await this.#bringUp(entry, false);
  }

  async #bringUp(entry: Entry, adopted: boolean): Promise<void> {
    Object.assign(entry, { status: "starting", pid: null });
    try {
      entry.pid = await entry.start();
      Object.assign(entry, { status: "running", detail: null, attempts: 0, failure: undefined });
      this.#observe({
        type: "service",
        service: entry.name,
        event: adopted ? "adopted" : "ready",
        pid: entry.pid,
      });
    } catch (error) {
      entry.attempts += 1;
      Object.assign(entry, { status: "failed", detail: messageOf(error), failure: error });
      entry.retryAt = performance.now() + Math.min(30_000, 250 * 2 ** entry.attempts);
      this.#observe({ type: "service", service: entry.name, event: "failed", detail: messageOf(error) });
    }
  }
}

/** Moves to other ports as long as it may. */
async function startSomewhere(
  runtime: Runtime,
  spec: ServerSpec,
  anotherPort: KeepOptions["anotherPort"],
  onMoved: (port: number) => void,
): Promise<number> {
  if (!anotherPort) return runtime.start(spec);
  for (;;) {
    try {
      return await runtime.start({ ...spec, portPatienceMs: movablePatienceMs });
    } catch (error) {
      if (!hasCode(error, "Y4014")) throw error;
      const port = await anotherPort();
      if (port === undefined) return runtime.start(spec);
      spec.tcpPort = port;
      onMoved(port);
    }
  }
}

function isAlive(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
