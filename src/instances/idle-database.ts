/** In charge of a database on a server with others having no sessions any more, without harm to anybody. */
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import { isUsed, type LeavingSessions } from "./drain-server.ts";
import { listSessions, type ServerSession } from "./server-sessions.ts";

export interface IdleOptions {
  leaving: LeavingSessions;
  patienceMs: number;
  signal: AbortSignal;
}

const lookEveryMs = 50;

/** Resolves with nobody once it has no sessions, else with those who use it. Others may come at any time. */
export async function becomeIdle(
  client: pg.Client,
  database: string,
  { leaving, patienceMs, signal }: IdleOptions,
): Promise<ServerSession[]> {
  const deadline = performance.now() + patienceMs;
  let isPoolerAsked = false;
  for (;;) {
    signal.throwIfAborted();
    if (!isPoolerAsked) isPoolerAsked = await leaving.askPooler();
    await leaving.askDataPlane();
    const sessions = (await listSessions(client)).filter((session) => session.database === database);
    if (sessions.length === 0) return [];
    const users = sessions.filter(isUsed);
    if (users.length === 0)
      await client.query("select pg_terminate_backend(pid, 1000) from unnest($1::int[]) as pid", [
        sessions.map(({ pid }) => pid),
      ]);
    else if (performance.now() > deadline) return users;
    else await sleep(lookEveryMs, signal);
  }
}
