/**
 * In charge of measuring SQL over HTTP side by side with a naive server, in rounds that take turns, on one database of a
 * Postern of its own. Only the ratios mean anything on another machine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { HttpLoad, HttpLoadResult } from "./http-load.ts";
import { type HttpWorkload, httpWorkloads, preparation } from "./http-workloads.ts";
import { median } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface HttpBenchOptions {
  json: boolean;
  connections: number[];
  rounds: number;
  seconds: number;
  /** Names of workloads; all when empty. */
  workloads: string[];
}

export interface HttpFigures {
  workload: string;
  subject: string;
  connections: number;
  requests_per_second: number;
  p50_ms: number;
  p99_ms: number;
  /** Throughput over that of the naive server. */
  ratio: number;
}

interface Subject {
  name: string;
  port: number;
  /** Put before `/query` and the like. */
  prefix: string;
  headers: Record<string, string>;
}

interface CreatedDatabase {
  id: string;
  token: string;
  user: string;
  database: string;
}

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export async function benchHttp(options: HttpBenchOptions): Promise<void> {
  const postern = await startTemporaryPostern();
  const children: ChildProcess[] = [];
  try {
    const database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "bench" });
    const subjects = [await startNaive(postern, database, children), posternSubject(postern, database)];
    await prepare(subjects[1]!);
    for (const workload of httpWorkloads) {
      if (options.workloads.length > 0 && !options.workloads.includes(workload.name)) continue;
      for (const connections of options.connections) {
        for (const figures of await measure(workload, subjects, connections, options))
          tell(figures, options.json);
      }
    }
  } finally {
    for (const child of children) child.kill();
    await postern.close();
  }
}

async function startNaive(
  { home }: TemporaryPostern,
  { user, database }: CreatedDatabase,
  children: ChildProcess[],
): Promise<Subject> {
  const pool = { host: join(home, "run", "shared"), port: 5432, user, database, max: 16 };
  const child = spawn(process.execPath, [program("naive-server.js"), JSON.stringify(pool)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [port] = await once(child.stdout!, "data");
  return { name: "naive node:http + pg", port: Number(port), prefix: "", headers: {} };
}

const posternSubject = ({ apiUrl }: TemporaryPostern, { id, token }: CreatedDatabase): Subject => ({
  name: "postern",
  port: Number(new URL(apiUrl).port),
  prefix: `/v1/db/${id}`,
  headers: { authorization: `Bearer ${token}` },
});

async function prepare({ port, prefix, headers }: Subject): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${prefix}/transaction`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ statements: preparation.map((sql) => ({ sql })) }),
  });
  if (!answer.ok) throw new Error(`preparing the tables: ${answer.status} ${await answer.text()}`);
}

/** The subjects take turns, so that what else the machine does weighs on all of them. */
async function measure(
  workload: HttpWorkload,
  subjects: Subject[],
  connections: number,
  { rounds, seconds }: HttpBenchOptions,
): Promise<HttpFigures[]> {
  const results = subjects.map((): HttpLoadResult[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      results[index]!.push(await runLoad(workload, subject, connections, seconds));
    }
  }
  const of = (index: number, value: (result: HttpLoadResult) => number) => median(results[index]!.map(value));
  const base = of(0, (result) => result.requestsPerSecond);
  return subjects.map((subject, index) => ({
    workload: workload.name,
    subject: subject.name,
    connections,
    requests_per_second: of(index, (result) => result.requestsPerSecond),
    p50_ms: of(index, (result) => result.p50Ms),
    p99_ms: of(index, (result) => result.p99Ms),
    ratio: Math.round((of(index, (result) => result.requestsPerSecond) / base) * 100) / 100,
  }));
}

async function runLoad(
  { name, route, bodies }: HttpWorkload,
  { name: subject, port, prefix, headers }: Subject,
  connections: number,
  seconds: number,
): Promise<HttpLoadResult> {
  const load: HttpLoad = {
    port,
    connections,
    seconds,
    warmupSeconds: 0.5,
    path: prefix + route,
    headers,
    bodies,
  };
  const child = spawn(process.execPath, [program("http-load.js")], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(load));
  const result = (await json(child.stdout)) as HttpLoadResult;
  if (result.failures > 0) throw new Error(`${subject} failed ${result.failures} requests of "${name}"`);
  return result;
}

function tell(figures: HttpFigures, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(figures));
    return;
  }
  const cells = [
    `${figures.workload}, ${figures.connections} connections`.padEnd(32),
    figures.subject.padEnd(22),
    `${figures.requests_per_second}/s`.padStart(9),
    `p50 ${figures.p50_ms.toFixed(2)} ms`.padStart(14),
    `p99 ${figures.p99_ms.toFixed(2)} ms`.padStart(14),
    `${figures.ratio.toFixed(2)}x`.padStart(8),
  ];
  console.log(cells.join(""));
}
