/**
 * In charge of machines that run and do not work: one that stopped because this machine's disk was full goes on once there
 * is room, and after this machine has slept each gets the right time. What is wrong is told when it begins and ends.
 */
import { messageOf } from "../base/error.ts";
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { type InstanceRow, listInstances } from "../state/instances.ts";
import { RepeatedLook } from "./repeated-look.ts";

const lookEveryMs = 5_000;
/** A wall clock that is ahead of the time that has passed: somebody set it, or this machine slept. */
const jumpMs = 1_500;

type Place = Pick<Platform, "config" | "state" | "runtime" | "supervisor" | "observe">;

export class GuestWatch implements Service {
  readonly name = "guest watch";
  readonly #platform: Place;
  readonly #problems = new Map<string, string>();
  #offsetMs = offsetMs();
  readonly #looks = new RepeatedLook({
    everyMs: lookEveryMs,
    look: () => this.runOnce(),
    complain: (error) => this.#tell("guests", "failed", messageOf(error)),
  });

  constructor(platform: Place) {
    this.#platform = platform;
  }

  async start(): Promise<void> {
    this.#looks.start();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  async runOnce(): Promise<void> {
    const { state, supervisor } = this.#platform;
    const running = new Set(
      supervisor.list().flatMap(({ name, status }) => (status === "running" ? [name] : [])),
    );
    if (running.size === 0) return;
    const offset = offsetMs();
    const clockMoved = Math.abs(offset - this.#offsetMs) > jumpMs;
    this.#offsetMs = offset;
    const guests = (await listInstances(state)).filter(
      ({ kind, id }) => kind === "microvm" && running.has(id),
    );
    await Promise.all(guests.map((row) => this.#tend(row, clockMoved)));
  }

  async #tend(row: InstanceRow, clockMoved: boolean): Promise<void> {
    const { config, runtime } = this.#platform;
    const spec = serverSpec(config.home, row.id, row.tcp_port, row.class);
    const problem = await runtime.tend?.(spec, { clockMoved }).catch(messageOf);
    const before = this.#problems.get(row.id);
    if (problem === before) return;
    if (problem === undefined) {
      this.#problems.delete(row.id);
      this.#tell(row.id, "ready", `over: ${before}`);
    } else {
      this.#problems.set(row.id, problem);
      this.#tell(row.id, "failed", problem);
    }
  }

  #tell(service: string, event: "ready" | "failed", detail: string): void {
    this.#platform.observe({ type: "service", service, event, detail });
  }
}

const offsetMs = (): number => Date.now() - performance.now();
