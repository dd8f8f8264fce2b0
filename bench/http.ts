/**
 * In charge of measuring SQL over HTTP side by side with what else answers it, in rounds that take turns, on one database
 * of a Postern of its own. Only the ratios mean anything on another machine.
 */
import { join } from "node:path";
import pg from "pg";
import type { LoadResult } from "./load/recording.ts";
import { median } from "./statistics.ts";
import { openSubjects, subjectNames } from "./subjects/open-subjects.ts";
import type { CreatedDatabase, Ground, LoadAmount, Subject } from "./subjects/subject.ts";
import { tellHttpFigures } from "./tell-http-figures.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";
import { preparation, type Workload, workloads } from "./workloads.ts";

export interface HttpBenchOptions {
  json: boolean;
  verbose: boolean;
  connections: number[];
  rounds: number;
  seconds: number;
  /** Names of workloads; all when empty. */
  workloads: string[];
  /** Names of subjects; all when empty. */
  subjects: string[];
}

export interface HttpFigures {
  workload: string;
  connections: number;
  subject: string;
  requests_per_s: number;
  p50_ms: number;
  p99_ms: number;
  /** Processor time of the server per request; null for pgbench, which has none. */
  server_cpu_us: number | null;
  /** Throughput over that of the naive server; null when that is not measured. */
  ratio_to_naive: number | null;
  /** Its p99 over the naive server's: below 1 is better. */
  p99_ratio_to_naive: number | null;
}

export async function benchHttp(options: HttpBenchOptions): Promise<void> {
  const chosen = chosenOf(
    "workload",
    options.workloads,
    workloads.map(({ name }) => name),
  );
  const names = chosenOf("subject", options.subjects, subjectNames);
  const postern = await startTemporaryPostern();
  const ends: (() => void | Promise<void>)[] = [];
  try {
    const ground = await prepareGround(postern, (end) => ends.push(end));
    const subjects = await openSubjects(names, ground);
    for (const workload of workloads) {
      if (chosen.includes(workload.name)) await compare(workload, subjects, options);
    }
  } finally {
    for (const end of ends) await end();
    await postern.close();
  }
}

function chosenOf(what: string, asked: readonly string[], known: readonly string[]): readonly string[] {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no ${what} "${unknown}": ${known.join(", ")}.`);
  return asked.length > 0 ? asked : known;
}

export async function prepareGround(postern: TemporaryPostern, onClose: Ground["onClose"]): Promise<Ground> {
  const database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "bench" });
  const socket = { host: join(postern.home, "run", "shared"), port: 5432 };
  const { user } = database;
  const admin = new pg.Client({ ...socket, user: "postern_admin", database: "postgres" });
  await admin.connect();
  // All subjects hold connections of the one owner.
  await admin.query(`alter role ${pg.escapeIdentifier(user)} connection limit -1`);
  await admin.end();
  const pool = { ...socket, user, database: database.database, max: 16 };
  const owner = new pg.Client(pool);
  await owner.connect();
  for (const sql of preparation) await owner.query(sql);
  await owner.query("analyze");
  await owner.end();
  return { postern, database, pool, onClose };
}

async function compare(
  workload: Workload,
  subjects: readonly Subject[],
  options: HttpBenchOptions,
): Promise<void> {
  const runs = new Map<string, (amount: LoadAmount) => Promise<LoadResult>>();
  for (const subject of subjects) {
    const run = await subject.prepare(workload);
    if (run) runs.set(subject.name, run);
  }
  for (const connections of options.connections) {
    const results = new Map([...runs.keys()].map((name): [string, LoadResult[]] => [name, []]));
    // The subjects take turns, so that what else the machine does weighs on all of them.
    for (let round = 0; round < options.rounds; round++) {
      for (const [name, run] of runs)
        results.get(name)!.push(await run({ connections, seconds: options.seconds }));
    }
    const naive = results.get("naive");
    for (const [subject, list] of results) {
      const figures = figuresOf(workload.name, connections, subject, list, naive);
      tellHttpFigures(figures, options.json);
      if (options.verbose) tellLoad(subject, list);
    }
  }
}

const medianOf = (results: readonly LoadResult[], value: (result: LoadResult) => number): number =>
  median(results.map(value));

function figuresOf(
  workload: string,
  connections: number,
  subject: string,
  results: readonly LoadResult[],
  naive: readonly LoadResult[] | undefined,
): HttpFigures {
  const throughput = medianOf(results, (result) => result.requestsPerSecond);
  const base = naive && medianOf(naive, (result) => result.requestsPerSecond);
  const baseP99 = naive && medianOf(naive, (result) => result.p99Ms);
  const p99 = medianOf(results, (result) => result.p99Ms);
  const hasServer = results.every(({ serverCpuUs }) => serverCpuUs !== null);
  return {
    workload,
    connections,
    subject,
    requests_per_s: throughput,
    p50_ms: medianOf(results, (result) => result.p50Ms),
    p99_ms: p99,
    server_cpu_us: hasServer ? medianOf(results, (result) => result.serverCpuUs!) : null,
    ratio_to_naive: ratioOf(throughput, base),
    p99_ratio_to_naive: ratioOf(p99, baseP99),
  };
}

const ratioOf = (value: number, base: number | undefined): number | null =>
  base ? Math.round((value / base) * 100) / 100 : null;

/** Tells whether the load was what held the subject up: it is one process, so it ends at one core. */
function tellLoad(subject: string, results: readonly LoadResult[]): void {
  const cpu = medianOf(results, (result) => result.loadCpuUs ?? 0);
  if (cpu === 0) return;
  const share = medianOf(results, (result) => ((result.loadCpuUs ?? 0) * result.requestsPerSecond) / 10_000);
  process.stderr.write(`  load on ${subject}: ${cpu} us a request, ${Math.round(share)} % of a core\n`);
}
