/** In charge of `pgbench -M prepared` over the unix socket as a subject: the limit of what Postgres does here. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readConfig } from "../../dist/base/config.js";
import { ensureToolchain } from "../../dist/runtime/ensure-toolchain.js";
import { postgresProgram } from "../../dist/runtime/toolchain.js";
import { type LoadResult, latencyFigures } from "../load/recording.ts";
import type { Workload } from "../workloads.ts";
import type { Ground, LoadAmount, OpenSubject } from "./subject.ts";

export const openPgbench: OpenSubject = async ({ pool }) => {
  const program = postgresProgram(await ensureToolchain(readConfig()), "pgbench");
  return {
    name: "pgbench",
    prepare: async (workload) => (amount) => runPgbench(program, pool, pgbenchScript(workload), amount),
  };
};

/**
 * Every parameter is a number up to that of the rows of `item`. A transaction goes out in one flight, for that is the
 * limit: nobody has to wait between its statements.
 */
export function pgbenchScript({ requests, route }: Workload): string {
  const variables: string[] = [];
  const statements = requests[0]!.map(({ sql }, statement) =>
    sql.replaceAll(/\$(\d+)/g, (_, param) => {
      const name = `s${statement}p${param}`;
      variables.push(`\\set ${name} random(1, 10000)`);
      return `:${name}`;
    }),
  );
  const lines =
    route === "/transaction"
      ? ["\\startpipeline", "begin;", ...statements.map((sql) => `${sql};`), "commit;", "\\endpipeline"]
      : statements.map((sql) => `${sql};`);
  return [...variables, ...lines, ""].join("\n");
}

async function runPgbench(
  program: string,
  { host, port, user, database }: Ground["pool"],
  script: string,
  { connections, seconds }: LoadAmount,
): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), "pnb-pgbench-"));
  try {
    await writeFile(join(directory, "script.sql"), script);
    const { stdout } = await promisify(execFile)(program, [
      ...["-h", host!, "-p", String(port), "-U", String(user), "-n", "-M", "prepared"],
      ...["-f", join(directory, "script.sql"), "-T", String(Math.max(1, Math.round(seconds)))],
      ...["-c", String(connections), "-j", String(Math.min(connections, availableParallelism()))],
      ...["-l", "--log-prefix", join(directory, "log"), database!],
    ]);
    const perSecond = /^tps = ([\d.]+)/m.exec(stdout);
    if (!perSecond) throw new Error(`pgbench tells no figure:\n${stdout}`);
    return {
      requestsPerSecond: Math.round(Number(perSecond[1])),
      ...latencyFigures(await readLatencies(directory)),
      failures: 0,
      serverCpuUs: null,
      loadCpuUs: null,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The third word of each line is a transaction's time in microseconds. */
async function readLatencies(directory: string): Promise<number[]> {
  const latencies: number[] = [];
  for (const file of await readdir(directory)) {
    if (!file.startsWith("log")) continue;
    const content = await readFile(join(directory, file), "latin1");
    for (const line of content.split("\n"))
      if (line !== "") latencies.push(Number(line.split(" ", 3)[2]) / 1000);
  }
  return latencies;
}
