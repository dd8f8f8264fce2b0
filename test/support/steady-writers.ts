/** In charge of applications that write all the time, one through the pooler and one over HTTP, and remember what was acknowledged. */
import type { CreatedDatabase, DatabaseUrls } from "@postern/sdk/protocol";
import pg from "pg";
import type { PosternHome } from "./postern-home.ts";

export interface SteadyWriters {
  /** Values that Postgres or the API has acknowledged. */
  acknowledged: number[];
  /** What went wrong, as the application saw it. */
  failures: string[];
  /** Longest wait for an answer, milliseconds. */
  longestMs(): number;
  stop(): Promise<void>;
}

/** Both insert into `written (value bigint, source text)`. */
export async function startWriters(postern: PosternHome, database: CreatedDatabase): Promise<SteadyWriters> {
  const { pooled } = await postern.api<DatabaseUrls>("GET", `/v1/databases/${database.id}/urls`);
  const client = new pg.Client(pooled);
  client.on("error", () => {});
  await client.connect();
  const acknowledged: number[] = [];
  const failures: string[] = [];
  let isStopping = false;
  let longest = 0;
  let next = 0;
  const repeat = async (source: string, write: (value: number) => Promise<unknown>) => {
    while (!isStopping) {
      const value = ++next;
      const startedAt = performance.now();
      try {
        await write(value);
        acknowledged.push(value);
      } catch (error) {
        failures.push(`${source}: ${(error as { code?: string }).code} ${(error as Error).message}`);
      }
      longest = Math.max(longest, performance.now() - startedAt);
      // Leaves the machine some time for the move itself.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const sql = "insert into written (value, source) values ($1, $2)";
  const work = Promise.all([
    repeat("pooled", (value) => client.query(sql, [value, "pooled"])),
    repeat("http", (value) =>
      postern.api("POST", `/v1/db/${database.id}/execute`, { sql, params: [value, "http"] }, database.token),
    ),
  ]);
  return {
    acknowledged,
    failures,
    longestMs: () => longest,
    async stop() {
      isStopping = true;
      await work;
      await client.end().catch(() => {});
    },
  };
}
