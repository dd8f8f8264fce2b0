/**
 * In charge of databases falling asleep by themselves, and of what was noted of their sleep being true. Looking does not
 * wake anything and does not count as use.
 */
import { hasCode, messageOf } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import type { Service } from "../base/service.ts";
import { type LastUse, lastUseOf, measureUsage } from "../databases/measure-idleness.ts";
import { pauseDatabase, type RetiringSessions } from "../databases/pause-database.ts";
import { pauseAfterOf } from "../databases/pause-rules.ts";
import type { Platform } from "../instances/platform.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import {
  listAwakeOwnDatabases,
  listPausedShared,
  listSleepingInstances,
  saveAwake,
  saveSharedAwake,
} from "../state/pauses.ts";
import { RepeatedLook } from "./repeated-look.ts";

const lookEveryMs = 1_000;
/** Between two looks at one database: a fraction of the time it has left, within these. */
const leastMs = 1_000;
const mostMs = 15_000;
/** Statements under way get as long to end; then the next look decides. */
const patienceMs = 3_000;

interface Watched {
  use: LastUse;
  nextLookAt: number;
}

export class IdleWatch implements Service {
  readonly name = "idle watch";
  readonly #platform: Platform;
  readonly #sessions: RetiringSessions;
  readonly #watched = new Map<DatabaseId, Watched>();
  /** Databases that sleep on the shared server, by what they had done when they fell asleep. */
  readonly #sleepers = new Map<DatabaseId, LastUse>();
  readonly #looks = new RepeatedLook({
    everyMs: lookEveryMs,
    look: () => this.runOnce(),
    complain: (error) => this.#complain("look", error),
  });

  constructor(platform: Platform, sessions: RetiringSessions) {
    this.#platform = platform;
    this.#sessions = sessions;
  }

  async start(): Promise<void> {
    this.#looks.start();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** When the database was used last, if it is watched. */
  lastUse(id: DatabaseId): Date | undefined {
    return this.#watched.get(id)?.use.at;
  }

  async runOnce(): Promise<void> {
    await this.#correctNotes();
    await this.#wakeShared();
    const rows = await listAwakeOwnDatabases(this.#platform.state);
    const ids = new Set(rows.map(({ id }) => id));
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#watched.delete(id);
    const due = rows.filter((row) => this.#isDue(row));
    await Promise.all(
      due.map((row) => this.#check(row).catch((error: unknown) => this.#complain(row.name, error))),
    );
  }

  #isDue(row: DatabaseRow): boolean {
    if (pauseAfterOf(this.#platform, row) === null) return false;
    return performance.now() >= (this.#watched.get(row.id)?.nextLookAt ?? 0);
  }

  async #check(row: DatabaseRow): Promise<void> {
    const platform = this.#platform;
    const instance = await findInstance(platform.state, row.instance_id!);
    const usage = instance && (await measureUsage(platform, row, instance));
    if (!usage) return;
    const now = platform.clock.now();
    const use = lastUseOf(now, usage, this.#watched.get(row.id)?.use);
    const leftMs = use.at.getTime() + pauseAfterOf(platform, row)! * 1_000 - now.getTime();
    const wait = Math.min(mostMs, Math.max(leastMs, leftMs));
    this.#watched.set(row.id, { use, nextLookAt: performance.now() + wait });
    if (leftMs > 0) return;
    try {
      await pauseDatabase(platform, this.#sessions, row, { patienceMs });
      this.#watched.delete(row.id);
    } catch (error) {
      if (!hasCode(error, "Y4010", "Y3004")) throw error;
    }
  }

  /** A note that could not be made when a server woke, and a server that others have started. */
  async #correctNotes(): Promise<void> {
    const { state, gate, supervisor, instanceLock } = this.#platform;
    await gate.serveFailed().catch((error: unknown) => this.#complain("the gate", error));
    const running = new Set(
      supervisor.list().flatMap(({ name, status }) => (status === "running" ? [name] : [])),
    );
    for (const id of await listSleepingInstances(state)) {
      if (!running.has(id) || instanceLock.isBusy(id)) continue;
      const door = gate.door(id);
      if (door?.held) await gate.serve({ ...door, held: false });
      await saveAwake(state, id);
    }
  }

  /** The shared server does not sleep, so nobody has to be let in: whoever uses a database there is only noticed. */
  async #wakeShared(): Promise<void> {
    const { state, clock } = this.#platform;
    const rows = await listPausedShared(state);
    for (const id of this.#sleepers.keys()) if (!rows.some((row) => row.id === id)) this.#sleepers.delete(id);
    const shared = rows.length === 0 ? undefined : await findInstance(state, "shared");
    if (!shared) return;
    const used: DatabaseId[] = [];
    for (const row of rows) {
      const usage = await measureUsage(this.#platform, row, shared);
      if (!usage) return;
      const before = this.#sleepers.get(row.id) ?? { at: row.paused_at!, activeTime: usage.activeTime };
      const use = lastUseOf(clock.now(), usage, before);
      this.#sleepers.set(row.id, before);
      if (use.at > before.at) used.push(row.id);
    }
    if (used.length > 0) await saveSharedAwake(state, used);
  }

  #complain(what: string, error: unknown): void {
    this.#platform.observe({
      type: "maintenance",
      task: `idle watch: ${what}`,
      event: "failed",
      detail: messageOf(error),
    });
  }
}
