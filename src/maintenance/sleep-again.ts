/**
 * In charge of databases that slept until work came that nobody asked for: behind it they go on sleeping, unless somebody
 * has come to use them meanwhile. A daemon that dies forgets it, and they stay awake as if somebody had woken them.
 */
import { hasCode, messageOf } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { pauseDatabase, type RetiringSessions } from "../databases/pause-database.ts";
import type { Platform } from "../instances/platform.ts";
import { findDatabaseById } from "../state/databases.ts";
import type { OperationRow } from "../state/operations.ts";
import { listUnfinishedOn } from "../state/pauses.ts";

export class SleepAgain {
  readonly #woken = new Set<DatabaseId>();
  readonly #platform: Platform;
  readonly #sessions: RetiringSessions;

  constructor(platform: Platform, sessions: RetiringSessions) {
    this.#platform = platform;
    this.#sessions = sessions;
  }

  woken(id: DatabaseId): void {
    this.#woken.add(id);
  }

  async ended(operation: OperationRow): Promise<void> {
    const { database_id: id } = operation;
    if (id === null || !this.#woken.has(id)) return;
    if (comesByItself(operation)) {
      // The trial restore of a backup follows it.
      if ((await listUnfinishedOn(this.#platform.state, id)).length > 0) return;
      await this.#pause(id);
    }
    this.#woken.delete(id);
  }

  async #pause(id: DatabaseId): Promise<void> {
    const row = await findDatabaseById(this.#platform.state, id);
    if (row?.status !== "ready" || row.paused_at !== null) return;
    await pauseDatabase(this.#platform, this.#sessions, row, { patienceMs: 0 }).catch((error: unknown) => {
      // Somebody uses it.
      if (hasCode(error, "Y4010", "Y3004")) return;
      this.#platform.observe({
        type: "maintenance",
        task: `pause ${id} again`,
        event: "failed",
        detail: messageOf(error),
      });
    });
  }
}

const comesByItself = ({ kind, input }: OperationRow): boolean =>
  (kind === "create_backup" && input.kind === "scheduled") || kind === "verify_backup";
