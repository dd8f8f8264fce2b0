/**
 * In charge of measuring how long a sleeping database takes to answer whoever wakes it, by each way, beside the plain
 * start of the same server; whether anybody is refused, of many at once and over many sleeps under load; and how long the
 * daemon takes to start with many that sleep.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { findPostmaster } from "../dist/runtime/find-postmaster.js";
import { runPauseCycles } from "./pause-cycles.ts";
import { copyPlainServer, type PlainServer, programOf } from "./plain-start.ts";
import { median, percentile } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";
import { ask, createSubject, pause, type WakeSubject, ways } from "./wake-subject.ts";

export interface WakeOptions {
  json: boolean;
  /** Wakes by each way. */
  rounds: number;
  /** Clients at once before one that sleeps; 0: that is not measured. */
  crowd: number;
  /** Sleeps under load. */
  cycles: number;
  /** Sleeping databases at a start; 0: that is not measured. */
  sleeping: number;
}

export async function benchWake(options: WakeOptions): Promise<void> {
  const postern = await startTemporaryPostern();
  const tell = (figures: object) =>
    console.log(
      options.json
        ? JSON.stringify(figures)
        : Object.entries(figures)
            .map(([name, value]) => `${name} ${String(value)}`)
            .join(", "),
    );
  try {
    const subject = await createSubject(postern);
    if (options.rounds > 0)
      for (const figures of await measureWakes(postern, subject, options.rounds)) tell(figures);
    if (options.crowd > 0) tell(await measureCrowd(postern, subject, options.crowd));
    if (options.cycles > 0) tell(await runPauseCycles(postern, subject, options.cycles, tell));
    if (options.sleeping > 0) tell(await measureStart(postern, options.sleeping));
  } finally {
    await postern.close();
  }
}

/** One of each in turn, so that whatever else the machine does disturbs all alike. */
async function measureWakes(postern: TemporaryPostern, subject: WakeSubject, rounds: number) {
  const plain = await plainServerOf(postern, subject);
  const times = new Map<string, number[]>([
    ["plain start", []],
    ...ways.map((way) => [way, []] as [string, number[]]),
  ]);
  try {
    for (let round = 0; round < rounds; round += 1) {
      times.get("plain start")!.push(await plain.startOnce());
      for (const way of ways) {
        await pause(postern, subject);
        const startedAt = performance.now();
        await ask(postern, subject, way);
        times.get(way)!.push(performance.now() - startedAt);
      }
    }
  } finally {
    await plain.close();
  }
  const unit = median(times.get("plain start")!);
  return [...times].map(([way, list]) => ({
    wake_by: way,
    wakes: rounds,
    ...latencies(list),
    times_plain_start: Math.round((median(list) / unit) * 100) / 100,
  }));
}

/** All of the many come at the same moment, a third by each way. */
async function measureCrowd(postern: TemporaryPostern, subject: WakeSubject, crowd: number) {
  await pause(postern, subject);
  const startedAt = performance.now();
  const ends = await Promise.allSettled(
    Array.from({ length: crowd }, (_, at) =>
      ask(postern, subject, ways[at % ways.length]!).then(() => performance.now() - startedAt),
    ),
  );
  const errors = ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []));
  for (const error of errors) console.error(error);
  const times = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
  return { clients_at_once: crowd, errors: errors.length, ...latencies(times) };
}

function latencies(times: readonly number[]) {
  const at = (fraction: number) => Math.round(percentile(times, fraction));
  return {
    median_ms: Math.round(median(times)),
    p90_ms: at(0.9),
    p99_ms: at(0.99),
    most_ms: Math.round(Math.max(...times)),
  };
}

async function plainServerOf(postern: TemporaryPostern, subject: WakeSubject): Promise<PlainServer> {
  const folder = join(postern.home, "instances");
  const [instance] = readdirSync(folder).filter((name) => name.startsWith("ins-"));
  const data = join(folder, instance!, "data");
  const program = await programOf((await findPostmaster(data))!);
  await pause(postern, subject);
  return copyPlainServer(program, data);
}

async function measureStart(postern: TemporaryPostern, sleeping: number) {
  for (let count = 0; count < sleeping; count += 1) await pause(postern, await createSubject(postern));
  await postern.restart();
  return { sleeping_databases: sleeping, daemon_ready_ms: Math.round(postern.readyMs()) };
}
