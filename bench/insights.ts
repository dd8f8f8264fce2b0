/**
 * In charge of measuring what it costs to note every statement: the same load on two Posterns, with insights and without, taking
 * turns. Only the ratio means anything.
 */
import { prepareGround } from "./http.ts";
import { median } from "./statistics.ts";
import { openPostern } from "./subjects/postern.ts";
import type { LoadAmount } from "./subjects/subject.ts";
import { startTemporaryPostern } from "./temporary-postern.ts";
import { workloads } from "./workloads.ts";

export interface InsightsBenchOptions {
  json: boolean;
  connections: number[];
  rounds: number;
  seconds: number;
}

export async function benchInsights(options: InsightsBenchOptions): Promise<void> {
  const workload = workloads.find(({ name }) => name === "point read")!;
  const ends: (() => void | Promise<void>)[] = [];
  try {
    const runs = [];
    for (const insights of ["on", "off"]) {
      const postern = await startTemporaryPostern({ POSTERN_INSIGHTS: insights });
      ends.unshift(() => postern.close());
      const subject = await openPostern(await prepareGround(postern, (end) => ends.unshift(end)));
      runs.push({ insights, run: (await subject.prepare(workload))!, rates: [] as number[] });
    }
    for (const connections of options.connections) {
      for (const one of runs) one.rates = [];
      for (let round = 0; round < options.rounds; round++) {
        const amount: LoadAmount = { connections, seconds: options.seconds };
        // Who goes first changes, so that neither always follows the other.
        for (const one of round % 2 === 0 ? runs : runs.toReversed())
          one.rates.push((await one.run(amount)).requestsPerSecond);
      }
      const [on, off] = runs.map(({ rates }) => median(rates));
      const ratio = Math.round((on! / off!) * 1_000) / 1_000;
      const figures = {
        workload: workload.name,
        connections,
        on_per_s: Math.round(on!),
        off_per_s: Math.round(off!),
        ratio,
      };
      const line = `${figures.workload}, ${connections} connections: ${figures.on_per_s}/s with insights, ${figures.off_per_s}/s without: ${ratio}`;
      process.stdout.write(`${options.json ? JSON.stringify(figures) : line}\n`);
    }
  } finally {
    for (const end of ends) await end();
  }
}
