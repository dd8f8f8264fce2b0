/**
 * In charge of measuring the log of changes: what tracking costs an insert of one row, in turn with the same insert into a table
 * that is not tracked, and how long the history of one row takes among very many records.
 */
import pg from "pg";
import { makePartitions } from "../dist/instances/state-log.js";
import { connectAs } from "../dist/instances/with-admin.js";
import { adminRole } from "../dist/runtime/server-template.js";
import { median, percentile } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface StateBenchOptions {
  json: boolean;
  rounds: number;
  /** Millions of records. */
  records: number;
}

interface Made {
  id: string;
  direct: string;
  database: string;
}

const rowsOfTable = 1_000_000;
const dayMs = 86_400_000;

export async function benchState(options: StateBenchOptions): Promise<void> {
  const postern = await startTemporaryPostern();
  try {
    const made = await prepare(postern);
    await measureInserts(made, options);
    if (options.records > 0) await measureHistory(postern, made, options);
  } finally {
    await postern.close();
  }
}

async function prepare(postern: TemporaryPostern): Promise<Made> {
  const { id } = await postern.api<{ id: string }>("POST", "/v1/databases", { name: "state" });
  const { direct, database } = await postern.api<Made>("GET", `/v1/databases/${id}/urls`);
  const owner = new pg.Client({ connectionString: direct });
  await owner.connect();
  for (const table of ["plain", "tracked"])
    await owner.query(
      `create table ${table} (id bigint generated always as identity primary key, customer text, item text, price numeric, at timestamptz default now())`,
    );
  await owner.end();
  await postern.api("PUT", `/v1/databases/${id}/state/tables`, { table: "tracked" });
  return { id, direct, database };
}

/** In one session, in turn: what differs is the trigger alone. */
async function measureInserts({ direct }: Made, { json, rounds }: StateBenchOptions): Promise<void> {
  const client = new pg.Client({ connectionString: direct });
  await client.connect();
  for (const waits of ["on", "off"]) {
    await client.query(`set synchronous_commit = ${waits}`);
    const times: Record<string, number[]> = { plain: [], tracked: [] };
    for (let round = 0; round < rounds + 20; round++) {
      for (const table of round % 2 === 0 ? ["plain", "tracked"] : ["tracked", "plain"]) {
        const taken = await timeOf(client, table);
        if (round >= 20) times[table]!.push(taken);
      }
    }
    const [plain, tracked] = [median(times.plain!), median(times.tracked!)];
    const figures = {
      measure: "insert of one row",
      synchronous_commit: waits,
      plain_p50_ms: round2(plain),
      tracked_p50_ms: round2(tracked),
      ratio: round2(tracked / plain),
    };
    const how = waits === "on" ? "that waits for the disk" : "that does not wait for the disk";
    tell(
      json,
      figures,
      `an insert of one row ${how}: ${figures.plain_p50_ms} ms, tracked ${figures.tracked_p50_ms} ms: ${figures.ratio}`,
    );
  }
  await client.end();
}

async function timeOf(client: pg.Client, table: string): Promise<number> {
  const startedAt = performance.now();
  await client.query({
    name: table,
    text: `insert into ${table} (customer, item, price) values ($1, $2, $3)`,
    values: ["ann@example.com", "an anvil, the heavy one", "12.50"],
  });
  return performance.now() - startedAt;
}

async function measureHistory(
  postern: TemporaryPostern,
  { id, database }: Made,
  { json, records }: StateBenchOptions,
): Promise<void> {
  const admin = await connectAs({ config: { home: postern.home } }, "shared", database, adminRole);
  try {
    await fill(admin, records);
  } finally {
    await admin.end();
  }
  const questions = [
    ["history of one row", "history", "id"],
    ["blame of one row", "blame", "id"],
    ["the newest changes of the table", "history", null],
  ] as const;
  for (const [name, question, by] of questions) {
    const times = [];
    for (let round = 0; round < 50; round++) {
      const row = by === null ? "" : `&id=${Math.floor(Math.random() * rowsOfTable)}`;
      const startedAt = performance.now();
      await postern.api("GET", `/v1/databases/${id}/state/${question}?table=tracked${row}`);
      times.push(performance.now() - startedAt);
    }
    const figures = {
      measure: name,
      records: records * 1_000_000,
      first_ms: round2(times[0]!),
      p50_ms: round2(median(times)),
      p90_ms: round2(percentile(times, 0.9)),
    };
    tell(
      json,
      figures,
      `${name} among ${records} million records: p50 ${figures.p50_ms} ms, p90 ${figures.p90_ms} ms, the first ${figures.first_ms} ms`,
    );
  }
}

/** Straight into the partitions of the last months, the indexes behind: a trigger would take hours. */
async function fill(admin: pg.Client, millions: number): Promise<void> {
  const now = Date.now();
  await admin.query(
    "set statement_timeout = 0; set synchronous_commit = off; set maintenance_work_mem = '512MB'",
  );
  for (const days of [90, 60, 30, 0]) await makePartitions(admin, new Date(now - days * dayMs));
  await admin.query("drop index postern.state_mutations_row, postern.state_mutations_request");
  const { rows: byTable } = await admin.query<{ name: string; definition: string }>(`
    select indexname as name, indexdef as definition from pg_catalog.pg_indexes
     where schemaname = 'postern' and indexname ~ '_tables$'`);
  for (const { name } of byTable) await admin.query(`drop index postern.${name}`);
  for (let part = 0; part < millions; part++)
    await admin.query(
      `insert into postern.state_mutations
       select now() - interval '85 days' * random(), 'req-' || gen_random_uuid(), 'tracked'::regclass::oid, 'public', 'tracked',
              (g % $1)::text, 'UPDATE', jsonb_build_object('id', g % $1, 'customer', 'ann@example.com', 'item', 'an anvil'),
              jsonb_build_object('id', g % $1, 'customer', 'ann@example.com', 'item', 'a rope'), '{item}', 'owner', false
         from generate_series(1, 1000000) g`,
      [rowsOfTable],
    );
  await admin.query(`
    create index state_mutations_row on postern.state_mutations (row_id, at);
    create index state_mutations_request on postern.state_mutations (request_id) where request_id is not null;
    ${byTable.map(({ definition }) => `${definition};`).join("\n")}
    analyze postern.state_mutations`);
}

const round2 = (value: number): number => Math.round(value * 100) / 100;

function tell(json: boolean, figures: object, line: string): void {
  process.stdout.write(`${json ? JSON.stringify(figures) : line}\n`);
}
