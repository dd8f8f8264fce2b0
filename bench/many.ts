/**
 * In charge of measuring what many databases cost: how long listing them and starting take, what the daemon and PgBouncer
 * need, as their number grows. Those with a server of their own are paused, as idle ones are.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { median } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface ManyFigures {
  shared: number;
  own_paused: number;
  list_ms: number;
  list_kib: number;
  up_ms: number;
  /** Of the daemon and its workers together. */
  daemon_mib: number;
  pooler_mib: number;
  pooler_reload_ms: number;
}

export async function benchMany(options: { json: boolean; shared: number; own: number }): Promise<void> {
  const postern = await startTemporaryPostern();
  const tell = (figures: ManyFigures) =>
    console.log(options.json ? JSON.stringify(figures) : sentence(figures));
  try {
    tell(await measure(postern, 0, 0));
    const steps = 4;
    for (let step = 1; step <= steps; step++) {
      const [shared, own] = [options.shared, options.own].map((most) => Math.round((most * step) / steps));
      const before = [options.shared, options.own].map((most) => Math.round((most * (step - 1)) / steps));
      await inParallel(4, shared! - before[0]!, () => postern.api("POST", "/v1/databases", {}));
      await inParallel(2, own! - before[1]!, () => makePaused(postern));
      tell(await measure(postern, shared!, own!));
    }
  } finally {
    await postern.close();
  }
}

async function makePaused(postern: TemporaryPostern): Promise<void> {
  const { id } = await postern.api<{ id: string }>("POST", "/v1/databases", { class: "db.p2" });
  await postern.api("POST", `/v1/databases/${id}/pause`);
}

async function measure(postern: TemporaryPostern, shared: number, own: number): Promise<ManyFigures> {
  const lists: number[] = [];
  let bytes = 0;
  for (let time = 0; time < 5; time++) {
    const startedAt = performance.now();
    bytes = JSON.stringify(await postern.api("GET", "/v1/databases")).length;
    lists.push(performance.now() - startedAt);
  }
  await postern.restart();
  const up = postern.readyMs();
  // It has answered once, so what it needs for that is there.
  await postern.api("GET", "/v1/databases");
  const daemon = Number(JSON.parse(readFileSync(join(postern.home, "daemon.json"), "utf8")).pid);
  const pooler = Number(readFileSync(join(postern.home, "pgbouncer", "pgbouncer.pid"), "utf8"));
  return {
    shared,
    own_paused: own,
    list_ms: Math.round(median(lists)),
    list_kib: Math.round(bytes / 1024),
    up_ms: Math.round(up),
    daemon_mib: mebibytes([daemon, ...childrenOf(daemon)]),
    pooler_mib: mebibytes([pooler]),
    pooler_reload_ms: Math.round(await timeReload(postern)),
  };
}

async function timeReload({ home }: TemporaryPostern): Promise<number> {
  const folder = join(home, "pgbouncer");
  const settings = readFileSync(join(folder, "pgbouncer.ini"), "utf8");
  const [, user, password] = /^"(.+)" "(.+)"$/m.exec(readFileSync(join(folder, "userlist.txt"), "utf8"))!;
  const host = /^unix_socket_dir = (.+)$/m.exec(settings)![1]!;
  const port = Number(/^listen_port = (\d+)$/m.exec(settings)![1]);
  const client = new pg.Client({ host, port, user, password, database: "pgbouncer" });
  await client.connect();
  try {
    const startedAt = performance.now();
    await client.query("reload");
    return performance.now() - startedAt;
  } finally {
    await client.end();
  }
}

/** Resident memory that no other process shares (PSS), as Linux counts it. */
function mebibytes(pids: readonly number[]): number {
  const kibibytes = (pid: number) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))![1]);
  return Math.round(pids.reduce((sum, pid) => sum + kibibytes(pid), 0) / 1024);
}

const childrenOf = (parent: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const isWorker = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("postern-worker");
        return isWorker && Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      } catch {
        return false;
      }
    });

async function inParallel(width: number, count: number, work: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const sentence = (figures: ManyFigures): string =>
  `${figures.shared} shared, ${figures.own_paused} of their own, paused: list ${figures.list_ms} ms (${figures.list_kib} KiB), ` +
  `up ${figures.up_ms} ms, daemon and workers ${figures.daemon_mib} MiB, PgBouncer ${figures.pooler_mib} MiB, its reload ${figures.pooler_reload_ms} ms`;
