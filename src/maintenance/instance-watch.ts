/** In charge of how registered servers are: each is looked at every quarter of a minute, and one that is not well more often. */
import { messageOf } from "../base/error.ts";
import { inParallel } from "../base/in-parallel.ts";
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { checkHealth } from "../instances/registered/check-health.ts";
import { listRegistered, type RegisteredRow } from "../state/registered-instances.ts";
import { RepeatedLook } from "./repeated-look.ts";

const lookEveryMs = 1_000;
const usualMs = 15_000;
/** Recovery is seen soon. */
const unwellMs = 3_000;

export class InstanceWatch implements Service {
  readonly name = "instance watch";
  readonly #platform: Platform;
  readonly #lookedAt = new Map<string, number>();
  readonly #looks = new RepeatedLook({
    everyMs: lookEveryMs,
    look: () => this.runOnce(),
    complain: (error) => this.#complain("all", error),
  });

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async start(): Promise<void> {
    this.#looks.start();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  async runOnce(): Promise<void> {
    const { state, gate, stopping } = this.#platform;
    // Nothing is registered: nothing is asked.
    if (!gate.hasRelays) return;
    const rows = await listRegistered(state);
    const ids = new Set<string>(rows.map(({ id }) => id));
    for (const id of this.#lookedAt.keys()) if (!ids.has(id)) this.#lookedAt.delete(id);
    const due = rows.filter((row) => this.#isDue(row));
    await inParallel(8, due, async (row) => {
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
