/** In charge of who waits for whom, as a forest: on top stand those that wait for nobody and hold what others want. Pure. */
import type { LiveSession } from "@postern/sdk/protocol";

export interface WaitStep {
  session: LiveSession | undefined;
  pid: number;
  depth: number;
  /** It waits for itself, by way of others: Postgres will end one of them. */
  isCircle: boolean;
}

/** Empty when nobody waits. Who waits for several, of which none waits for another, stands below each of them. */
export function growWaitTree(sessions: readonly LiveSession[]): WaitStep[] {
  const byPid = new Map(sessions.map((session) => [session.pid, session]));
  const waiting = new Map<number, number[]>();
  for (const { pid, blocked_by: holders } of sessions)
    for (const holder of nearest(new Set(holders), byPid))
      waiting.set(holder, [...(waiting.get(holder) ?? []), pid]);
  const steps: WaitStep[] = [];
  const walk = (pid: number, depth: number, above: readonly number[]) => {
    const isCircle = above.includes(pid);
    steps.push({ session: byPid.get(pid), pid, depth, isCircle });
    if (!isCircle) for (const next of waiting.get(pid) ?? []) walk(next, depth + 1, [...above, pid]);
  };
  const isFree = (pid: number) => (byPid.get(pid)?.blocked_by.length ?? 0) === 0;
  for (const pid of waiting.keys()) if (isFree(pid)) walk(pid, 0, []);
  // Where all wait for each other nobody is free: one of them is as good as any to begin with.
  const seen = new Set(steps.map(({ pid }) => pid));
  for (const pid of waiting.keys()) {
    if (seen.has(pid)) continue;
    walk(pid, 0, []);
    for (const step of steps) seen.add(step.pid);
  }
  return steps;
}

/** In a queue everybody waits for all before it: only the last of those matters, the others do by way of it. */
function nearest(holders: ReadonlySet<number>, byPid: ReadonlyMap<number, LiveSession>): number[] {
  const isBehind = (pid: number, other: number) => byPid.get(pid)?.blocked_by.includes(other) === true;
  const found = [...holders].filter(
    (holder) => ![...holders].some((other) => isBehind(other, holder) && !isBehind(holder, other)),
  );
  return found.length > 0 ? found : [...holders];
}
