/**
 * In charge of measuring how long a branch takes from the request to the first row that its owner reads, by the size of
 * its parent and by each way of copying that this machine has.
 */
import type { CreatedBranch, OperationInfo } from "@postern/sdk/protocol";
import pg from "pg";
import { mountReflinkDisk } from "./reflink-disk.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface BranchFigures {
  /** Where the home was: the machine's own disk for temporary files, or an xfs in a file on it. */
  disk: string;
  isolation: string;
  way: string | null;
  size_mb: number;
  total_ms: number;
  steps: Record<string, number>;
}

export async function benchBranch(options: { json: boolean; sizes: number[] }): Promise<void> {
  const tell = (figures: BranchFigures) => {
    const steps = Object.entries(figures.steps).map(([name, ms]) => `${name} ${ms}`);
    if (options.json) console.log(JSON.stringify(figures));
    else
      console.log(
        `branch ${figures.disk.padEnd(9)} ${figures.isolation.padEnd(8)} ${String(figures.size_mb).padStart(6)} MB by ${String(figures.way).padEnd(8)} ${String(figures.total_ms).padStart(7)} ms  (${steps.join(", ")})`,
      );
  };
  await benchDisk("temporary", ["process", "shared"], options.sizes, tell);
  const disk = await mountReflinkDisk("16G");
  if (typeof disk === "string") {
    process.stderr.write(`No figures of shared blocks: ${disk}\n`);
    return;
  }
  const before = process.env.TMPDIR;
  process.env.TMPDIR = disk.directory;
  try {
    await benchDisk("xfs", ["process"], options.sizes, tell);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await disk.remove();
  }
}

async function benchDisk(
  disk: string,
  isolations: readonly string[],
  sizes: readonly number[],
  tell: (figures: BranchFigures) => void,
): Promise<void> {
  const postern = await startTemporaryPostern();
  try {
    for (const isolation of isolations)
      for (const size of sizes) tell({ disk, isolation, ...(await measure(postern, isolation, size)) });
  } finally {
    await postern.close();
  }
}

async function measure(
  postern: TemporaryPostern,
  isolation: string,
  megabytes: number,
): Promise<Omit<BranchFigures, "disk" | "isolation">> {
  const parent = await postern.api<{ id: string }>("POST", "/v1/databases", { isolation });
  await query(postern, parent.id, fillSql(megabytes));
  const [{ size }] = (await query(
    postern,
    parent.id,
    "select pg_database_size(current_database()) as size",
  )) as [{ size: string }];
  const startedAt = performance.now();
  const accepted = await postern.api<CreatedBranch>(
    "POST",
    `/v1/databases/${parent.id}/branches?wait=false`,
    {},
  );
  const operation = await ended(postern, accepted.operation_id);
  await query(postern, accepted.id, "select 1 from filling limit 1");
  const totalMs = performance.now() - startedAt;
  for (const id of [accepted.id, parent.id]) {
    const destroying = await postern.api<OperationInfo>("DELETE", `/v1/databases/${id}?skip_snapshot=true`);
    await ended(postern, destroying.id);
  }
  return {
    way: (operation.result as { way: string } | null)?.way ?? null,
    size_mb: Math.round(Number(size) / 1024 ** 2),
    total_ms: Math.round(totalMs),
    steps: Object.fromEntries(
      operation.steps.map(({ name, started_at, finished_at }) => [
        name,
        new Date(finished_at ?? started_at).getTime() - new Date(started_at).getTime(),
      ]),
    ),
  };
}

/** About 8 rows of 1 kB in a page; text that does not compress. */
const fillSql = (megabytes: number): string =>
  `create table filling as select g as id, (select string_agg(md5(g::text || i), '') from generate_series(1, 28) i) as pad
     from generate_series(1, ${Math.max(1, megabytes - 8) * 1024}) g`;

async function query(postern: TemporaryPostern, id: string, sql: string): Promise<unknown[]> {
  const { direct } = await postern.api<{ direct: string }>("GET", `/v1/databases/${id}/urls`);
  const client = new pg.Client({ connectionString: direct });
  await client.connect();
  return client
    .query(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

async function ended(postern: TemporaryPostern, id: string): Promise<OperationInfo> {
  for (;;) {
    const operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=20`);
    if (operation.status === "completed") return operation;
    if (operation.status === "failed") throw new Error(JSON.stringify(operation.error));
  }
}
