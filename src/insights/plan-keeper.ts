/**
 * In charge of the plans of statements that were slow: asked for shortly after, as the database's owner, for any values instead
 * of those that were given. So nothing of the data gets into them, and nothing is run.
 */
import { messageOf } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import { explainGeneric } from "../postgres/explain-generic.ts";
import { findDatabaseById } from "../state/databases.ts";
import { savePlan } from "../state/insights.ts";
import type { SlowStatement } from "./insight-book.ts";

/** A plan is asked for again after that. */
const keptMs = 10 * 60_000;
const mostWaiting = 20;
const mostKnown = 5_000;

export class PlanKeeper {
  readonly #platform: Platform;
  readonly #asked = new Map<string, number>();
  #waiting = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  onSlow(slow: SlowStatement): void {
    const key = `${slow.databaseId} ${slow.identity.fingerprint}`;
    const now = performance.now();
    const last = this.#asked.get(key);
    if ((last !== undefined && now - last < keptMs) || this.#waiting >= mostWaiting) return;
    if (this.#asked.size >= mostKnown) this.#asked.delete(this.#asked.keys().next().value!);
    this.#asked.set(key, now);
    this.#waiting++;
    this.#work = this.#work
      .then(() => this.#keep(slow))
      .catch((error: unknown) => {
        this.#platform.observe({
          type: "maintenance",
          task: "the plan of a slow statement",
          event: "failed",
          detail: messageOf(error),
        });
      })
      .finally(() => {
        this.#waiting--;
      });
  }

  /** Nothing is waited for any more when it resolves. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #keep({ databaseId, identity }: SlowStatement): Promise<void> {
    const { state, stopping } = this.#platform;
    const row = await findDatabaseById(state, databaseId as never);
    if (stopping.aborted || row?.status !== "ready" || row.instance_id === null || row.paused_at !== null)
      return;
    const client = await connectAs(this.#platform, row.instance_id, row.database_name, row.role_name);
    try {
      const plan = await explainGeneric(client, identity.text);
      if (plan === undefined) return;
      const { fingerprint, text: statement, kind, tables } = identity;
      await savePlan(state, { database_id: databaseId, fingerprint, statement, kind, tables }, plan);
    } finally {
      await client.end().catch(() => {});
    }
  }
}
