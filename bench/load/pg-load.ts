/**
 * In charge of load on Postgres by `pg` itself, without HTTP: a pool and as many closed loops as asked for, with named
 * statements. Reads a `PgLoad` from stdin, prints a `LoadResult`, both as JSON. There is no server in between: its processor
 * time is that of this process.
 */
import { json } from "node:stream/consumers";
import pg from "pg";
import { runByPg } from "../servers/run-by-pg.ts";
import type { Statement } from "../workloads.ts";
import { type LoadTime, Recording } from "./recording.ts";

export interface PgLoad extends Omit<LoadTime, "serverPids"> {
  connections: number;
  pool: pg.PoolConfig;
  transaction: boolean;
  /** Sent in turn. */
  requests: Statement[][];
}

const load = (await json(process.stdin)) as PgLoad;
const { requests } = load;
const pool = new pg.Pool(load.pool);
const run = runByPg(pool, { named: true });
const recording = new Recording({ ...load, serverPids: [process.pid] });

async function loop(first: number): Promise<void> {
  for (let next = first; ; next++) {
    const request = requests[next % requests.length]!;
    const sentAt = performance.now();
    await (load.transaction ? run.transaction(request) : run.query(request[0]!));
    if (!recording.note(sentAt)) return;
  }
}

const spread = Math.floor(requests.length / load.connections) || 1;
await Promise.all(Array.from({ length: load.connections }, (_, index) => loop(index * spread)));
await pool.end();
process.stdout.write(`${JSON.stringify({ ...recording.result(0), loadCpuUs: null })}\n`);
