/**
 * In charge of a server becoming quiet. Its door is held, so no session is added; those that are there finish what they
 * do, and those that can be asked to leave are asked.
 */
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import { listAllSessions, type ServerSession } from "./server-sessions.ts";

export interface DrainOptions {
  /** Of the postmaster. */
  pid: number;
  leaving: LeavingSessions;
  patienceMs: number;
  /** The daemon stops: nothing sleeps then. */
  signal: AbortSignal;
}

/** Sessions that close when they are asked to. */
export interface LeavingSessions {
  /** The pooler closes its own as each becomes free; false while one is logging in: it cannot be asked then. */
  askPooler(): Promise<boolean>;
  /** The same for the data plane, at any time. */
  askDataPlane(): Promise<void>;
}

/** A session that has just done something may be about to do more. */
const directRestMs = 1_000;
/** The pooler and the data plane close theirs; one that stays is somebody else's. */
const localRestMs = 3_000;
const askEveryMs = 500;
const lookEveryMs = 10;
/** Whoever connects and does not log in is no user. */
const loginMs = 2_000;
/** Connections that were made before the door was held are seen by then. */
const settleMs = 50;

/**
 * Resolves with nobody once the server can be stopped without harm, else with those who use it; "crowded" when the door
 * has to be opened for a moment, because the pooler waits before it and cannot be asked.
 */
export async function drainServer(
  client: pg.Client,
  options: DrainOptions,
): Promise<ServerSession[] | "crowded"> {
  const { pid, leaving, patienceMs, signal } = options;
  if (!(await leaving.askPooler())) return "crowded";
  const startedAt = performance.now();
  let askedAt = Number.NEGATIVE_INFINITY;
  const firstSeen = new Map<number, number>();
  for (;;) {
    signal.throwIfAborted();
    const now = performance.now();
    if (now - askedAt > askEveryMs) {
      await leaving.askDataPlane();
      askedAt = performance.now();
    }
    const { sessions, starting } = await listAllSessions(client, pid);
    const users = sessions.filter(isUsed);
    for (const child of starting) if (!firstSeen.has(child)) firstSeen.set(child, now);
    const isLoggingIn = starting.some((child) => now - firstSeen.get(child)! < loginMs);
    const isSettled = now - startedAt > settleMs;
    if (isSettled && !isLoggingIn && users.length === 0) return [];
    if (now - startedAt > patienceMs && users.length > 0) return users;
    await sleep(lookEveryMs, signal);
  }
}

/** Does it do something, or may it be about to? */
export function isUsed({ state, role, address, rested_ms: rested }: ServerSession): boolean {
  // Postern's own work may rest, for example while it copies files.
  if (state !== "idle" || role?.startsWith("postern_")) return true;
  return rested < (address === null ? localRestMs : directRestMs);
}
