/**
 * In charge of measuring how long a database takes from the request to the first row that its owner reads, on the shared
 * instance and with a server of its own, and how that grows with the number of databases.
 */
import pg from "pg";
import { median, percentile } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface CreateFigures {
  isolation: string;
  /** Databases that were there before the first of this group. */
  databases_before: number;
  samples: number;
  median_ms: number;
  p90_ms: number;
}

export async function benchCreate(options: { json: boolean; most: number }): Promise<void> {
  const postern = await startTemporaryPostern();
  const tell = (figures: CreateFigures) => {
    if (options.json) console.log(JSON.stringify(figures));
    else
      console.log(
        `create ${figures.isolation.padEnd(8)} at ${String(figures.databases_before).padStart(4)} databases: median ${figures.median_ms} ms, p90 ${figures.p90_ms} ms (${figures.samples} samples)`,
      );
  };
  try {
    await settle();
    tell(await group(postern, "process", 0, 10, 1_500));
    let count = 10;
    for (const target of [10, 100, 250, 500].filter((size) => size <= options.most)) {
      while (count < target) count = await fill(postern, count, target);
      tell(await group(postern, "shared", count, 15, 150));
      count += 15;
    }
  } finally {
    await postern.close();
  }
}

/** Databases one after the other, with a pause in which spares are made ready again, as between people's requests. */
async function group(
  postern: TemporaryPostern,
  isolation: string,
  before: number,
  samples: number,
  pauseMs: number,
): Promise<CreateFigures> {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    times.push(await createAndQuery(postern, isolation));
  }
  return {
    isolation,
    databases_before: before,
    samples,
    median_ms: Math.round(median(times)),
    p90_ms: Math.round(percentile(times, 0.9)),
  };
}

async function createAndQuery(postern: TemporaryPostern, isolation: string): Promise<number> {
  const startedAt = performance.now();
  const { id } = await postern.api<{ id: string }>("POST", "/v1/databases", { isolation });
  const { direct } = await postern.api<{ direct: string }>("GET", `/v1/databases/${id}/urls`);
  const client = new pg.Client({ connectionString: direct });
  await client.connect();
  await client.query("select 1");
  const elapsed = performance.now() - startedAt;
  await client.end();
  return elapsed;
}

async function fill(postern: TemporaryPostern, count: number, target: number): Promise<number> {
  const width = Math.min(4, target - count);
  await Promise.all(Array.from({ length: width }, () => postern.api("POST", "/v1/databases", {})));
  return count + width;
}

/** The first start prepares directories and databases in the background. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 4_000));
