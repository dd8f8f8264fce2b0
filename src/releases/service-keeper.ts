/**
 * In charge of services staying up: what serves in each environment is taken over from the daemon before, started when it is
 * not there, and started again when it ends, later each time.
 */
import { messageOf } from "../base/error.ts";
import { KeyedLock } from "../base/keyed-lock.ts";
import type { Service as BackgroundService } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import type { Service } from "../manifest/manifest.ts";
import { inOrder } from "../manifest/plan-pipeline.ts";
import { readGivenValues } from "../state/given-values.ts";
import { type EnvironmentKey, findEnvironmentReleases, listActiveEnvironments } from "../state/releases.ts";
import { listProcesses, type ServiceProcessRow } from "../state/service-processes.ts";
import { graceOf, isAlive, launchService, stopProcess } from "./launch-service.ts";
import { openRelease, type ReadValues, type ReleaseContext, readAllValues } from "./release-context.ts";
import { ServiceFront } from "./service-front.ts";
import { frontAddress, type Listening, listeningOf, portTaken } from "./service-ports.ts";

export interface KeptService {
  key: EnvironmentKey;
  service: Service;
  release: ReleaseContext;
  listening: Listening;
  process: ServiceProcessRow | null;
  state: "running" | "starting" | "waiting" | "stopped";
  detail: string | null;
  restarts: number;
  /** Of performance.now(): not before it is it started again. */
  retryAt: number;
  startedAt: number;
}

const lookEveryMs = 250;
const longestPauseMs = 30_000;
/** Whoever ran so long has not failed to start. */
const steadyMs = 60_000;

export const nameOf = ({ project_id, environment }: EnvironmentKey, service = ""): string =>
  `${project_id}/${environment}/${service}`;

export class ServiceKeeper implements BackgroundService {
  readonly name = "service keeper";
  readonly #platform: Platform;
  readonly #readValues: ReadValues;
  readonly #kept = new Map<string, KeptService>();
  readonly #fronts = new Map<string, ServiceFront>();
  readonly #lock = new KeyedLock();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(platform: Platform, readValues: ReadValues) {
    this.#platform = platform;
    this.#readValues = readValues;
  }

  async start(): Promise<void> {
    const environments = await listActiveEnvironments(this.#platform.state);
    // In the background: the daemon is of use without them.
    for (const key of environments) void this.ensure(key).catch((error) => this.#fault(nameOf(key), error));
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  /** Stops looking; the services go on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#fronts.values()].map((front) => front.close()));
    this.#fronts.clear();
  }

  list(key: EnvironmentKey): KeptService[] {
    return [...this.#kept.values()].filter((kept) => nameOf(kept.key) === nameOf(key));
  }

  isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  /** Before the values of what serves change: who comes meanwhile waits for what is started with the new ones. */
  async pauseFronts(key: EnvironmentKey): Promise<void> {
    await Promise.all(
      this.list(key).map(({ service }) => this.#fronts.get(nameOf(key, service.name))?.pause()),
    );
  }

  /** Of a service that listens where its manifest says, before another process of it is started. */
  async hold(key: EnvironmentKey, service: string): Promise<void> {
    await this.#lock.run(nameOf(key), async () => {
      const kept = this.#kept.get(nameOf(key, service));
      if (!kept?.process) return;
      Object.assign(kept, { state: "stopped", detail: "it is being replaced" });
      await stopProcess(this.#platform, kept.process, graceOf(kept.service));
      kept.process = null;
    });
  }

  /** Before anything is switched: a port that cannot be had is a reason not to. @throws Y7057 */
  async openFront(key: EnvironmentKey, service: string, port: number): Promise<ServiceFront> {
    const name = nameOf(key, service);
    const known = this.#fronts.get(name);
    if (known?.port === port) return known;
    const front = new ServiceFront(port, frontAddress);
    await front.open().catch((error: unknown) => {
      throw portTaken(service, port, messageOf(error));
    });
    await known?.close();
    this.#fronts.set(name, front);
    front.leadTo(this.#kept.get(name)?.process?.port ?? null);
    return front;
  }

  /** Makes what runs in an environment what its active release says: after a switch, an undo, a start of the daemon. */
  ensure(key: EnvironmentKey): Promise<void> {
    return this.#lock.run(nameOf(key), async () => {
      if (this.#stopped) return;
      const active = (await findEnvironmentReleases(this.#platform.state, key))?.active ?? null;
      const release = active === null ? null : await openRelease(this.#platform, key, active);
      const services = release ? inOrder(release.manifest, "service") : [];
      const rows = await listProcesses(this.#platform.state, key);
      for (const service of services) await this.#keep(release!, service, rows);
      await this.#dropOthers(key, new Set(services.map(({ name }) => name)));
      await this.#stopOthers(key);
    });
  }

  async #keep(release: ReleaseContext, service: Service, rows: ServiceProcessRow[]): Promise<void> {
    const { key } = release;
    const name = nameOf(key, service.name);
    const listening = await listeningOf(this.#platform, key, service, release.variables[service.name] ?? {});
    const process = rows.findLast((row) => row.service === service.name && row.is_serving) ?? null;
    const kept: KeptService = {
      key,
      service,
      release,
      listening,
      process,
      state: "starting",
      detail: null,
      restarts: 0,
      retryAt: 0,
      startedAt: performance.now(),
    };
    this.#kept.set(name, kept);
    if (process && (await isAlive(process))) kept.state = "running";
    else await this.#startAgain(kept);
    if (listening.kind !== "front") return;
    const front = await this.openFront(key, service.name, listening.port).catch((error: unknown) => {
      kept.detail = messageOf(error);
      return undefined;
    });
    front?.leadTo(kept.process?.port ?? null);
  }

  async #startAgain(kept: KeptService): Promise<void> {
    const { release, service, process, listening } = kept;
    kept.state = "starting";
    try {
      if (process) await stopProcess(this.#platform, process, 0);
      kept.process = null;
      const given = await readGivenValues(this.#platform.state, kept.key);
      const values = await readAllValues(this.#platform, this.#readValues, release);
      const launched = await launchService(this.#platform, release, service, {
        values,
        given,
        listening,
        isServing: true,
      });
      const rows = await listProcesses(this.#platform.state, kept.key);
      kept.process = rows.find((row) => row.mark === launched.mark) ?? null;
      Object.assign(kept, { state: "running", detail: null, startedAt: performance.now() });
      this.#fronts.get(nameOf(kept.key, service.name))?.leadTo(launched.port);
    } catch (error) {
      this.#wait(kept, messageOf(error));
    }
  }

  #wait(kept: KeptService, detail: string): void {
    if (performance.now() - kept.startedAt > steadyMs) kept.restarts = 0;
    kept.restarts += 1;
    const pauseMs = Math.min(longestPauseMs, 250 * 2 ** Math.min(10, kept.restarts));
    Object.assign(kept, { state: "waiting", detail, retryAt: performance.now() + pauseMs });
    this.#platform.observe({
      type: "service",
      service: nameOf(kept.key, kept.service.name),
      event: "failed",
      detail,
    });
  }

  #look(): void {
    for (const [name, kept] of this.#kept) {
      if (kept.state === "starting" || kept.state === "stopped" || this.#lock.isBusy(nameOf(kept.key)))
        continue;
      void this.#lock
        .run(nameOf(kept.key), () => this.#check(name, kept))
        .catch((error: unknown) => this.#fault(name, error));
    }
  }

  async #check(name: string, kept: KeptService): Promise<void> {
    if (this.#stopped || this.#kept.get(name) !== kept) return;
    if (kept.state === "running") {
      if (kept.process && (await isAlive(kept.process))) return;
      this.#platform.observe({ type: "service", service: name, event: "died" });
      if (kept.service.restart === "no") {
        Object.assign(kept, { state: "stopped", detail: "it ended, and its manifest says restart: no" });
        return;
      }
      this.#wait(kept, "it ended");
    }
    if (kept.state === "waiting" && performance.now() >= kept.retryAt) await this.#startAgain(kept);
  }

  async #dropOthers(key: EnvironmentKey, names: ReadonlySet<string>): Promise<void> {
    for (const kept of this.list(key)) {
      if (names.has(kept.service.name)) continue;
      const name = nameOf(key, kept.service.name);
      this.#kept.delete(name);
      await this.#fronts.get(name)?.close();
      this.#fronts.delete(name);
    }
  }

  /** Connections that are under way end first. */
  async #stopOthers(key: EnvironmentKey): Promise<void> {
    const kept = new Map(this.list(key).map((one) => [one.service.name, one]));
    const rows = await listProcesses(this.#platform.state, key);
    const others = rows.filter((row) => kept.get(row.service)?.process?.mark !== row.mark);
    const stop = async (row: ServiceProcessRow) => {
      const graceMs = graceOf(kept.get(row.service)?.service);
      if (row.port !== null) await this.#fronts.get(nameOf(key, row.service))?.drain(row.port, graceMs);
      await stopProcess(this.#platform, row, graceMs);
    };
    await Promise.all(others.map(stop));
  }

  #fault(where: string, error: unknown): void {
    if (!this.#stopped) this.#platform.observe({ type: "fault", where: `service ${where}`, error });
  }
}
