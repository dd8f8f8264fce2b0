/** In charge of how registered servers are: each is looked at every quarter of a minute, and one that is not well more often. */
import { messageOf } from "../base/error.ts";
import { inParallel } from "../base/in-parallel.ts";
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { checkHealth } from "../instances/registered/check-health.ts";
import { listRegistered, type RegisteredRow } from "../state/registered-instances.ts";

const lookEveryMs = 1_000;
const usualMs = 15_000;
/** Recovery is seen soon. */
const unwellMs = 3_000;

export class InstanceWatch implements Service {
  readonly name = "instance watch";
  readonly #platform: Platform;
  readonly #lookedAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async start(): Promise<void> {
    this.#timer ??= setInterval(() => {
      this.#look ??= this.runOnce()
        .catch((error: unknown) => this.#complain("all", error))
        .finally(() => {
          this.#look = undefined;
        });
    }, lookEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#look;
  }

  async runOnce(): Promise<void> {
    const { state, gate, stopping } = this.#platform;
    // Nothing is registered: nothing is asked.
    if (!gate.hasRelays) return;
    const rows = (await listRegistered(state)).filter((row) => this.#isDue(row));
    await inParallel(8, rows, async (row) => {
      if (stopping.aborted) return;
      this.#lookedAt.set(row.id, performance.now());
      await checkHealth(this.#platform, row).catch((error: unknown) => this.#complain(row.name, error));
    });
  }

  #isDue({ id, health }: RegisteredRow): boolean {
    const everyMs = health === "healthy" ? usualMs : unwellMs;
    return performance.now() - (this.#lookedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= everyMs;
  }

  #complain(what: string, error: unknown): void {
    this.#platform.observe({
      type: "maintenance",
      task: `instance watch: ${what}`,
      event: "failed",
      detail: messageOf(error),
    });
  }
}
