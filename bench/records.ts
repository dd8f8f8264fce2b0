/**
 * In charge of measuring what a structured query takes beside the same statement as SQL over HTTP: one after the other, in
 * turn, alone and beside busy loops. Only the ratio means anything.
 */
import { Agent, request } from "node:http";
import { percentile } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface RecordsBenchOptions {
  json: boolean;
  /** Busy loops beside what is measured. */
  connections: number[];
  rounds: number;
}

type Send = (action: string, body: object) => Promise<void>;

const rows = 1_000;

/** Each asked in both ways. */
const pairs = [
  {
    name: "insert",
    query: { sql: "insert into plain (title) values ($1) returning *", params: ["x"] },
    records: { table: "logged", operation: "insert", data: { title: "x" } },
  },
  {
    name: "update",
    query: { sql: "update plain set title = $1 where id = $2 returning *", params: ["y", 7] },
    records: {
      table: "logged",
      operation: "update",
      data: { title: "y" },
      filters: [{ column: "id", op: "eq", value: 7 }],
    },
  },
  {
    name: "point read",
    query: { sql: "select * from plain where id = $1", params: [7] },
    records: { table: "logged", operation: "select", filters: [{ column: "id", op: "eq", value: 7 }] },
  },
];

export async function benchRecords({ json, connections, rounds }: RecordsBenchOptions): Promise<void> {
  const postern = await startTemporaryPostern();
  const agent = new Agent({ keepAlive: true });
  try {
    const send = await prepare(postern, agent);
    for (const busy of connections) {
      const stop = keepBusy(send, busy);
      for (const { name, query, records } of pairs) {
        // Seen a few times, statements share sessions.
        for (let round = 0; round < 20; round++) {
          await send("query", query);
          await send("records", records);
        }
        const times = { query: [] as number[], records: [] as number[] };
        for (let round = 0; round < rounds; round++) {
          times.query.push(await timeOf(() => send("query", query)));
          times.records.push(await timeOf(() => send("records", records)));
        }
        print(json, { workload: name, busy, ...figuresOf(times) });
      }
      await stop();
    }
  } finally {
    agent.destroy();
    await postern.close();
  }
}

async function prepare(postern: TemporaryPostern, agent: Agent): Promise<Send> {
  const { id, token } = await postern.api<{ id: string; token: string }>("POST", "/v1/databases", {
    name: "records",
  });
  const { hostname, port } = new URL(postern.apiUrl);
  const send: Send = (action, body) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      };
      const path = `/v1/db/${id}/${action}`;
      const sent = request({ hostname, port, path, method: "POST", agent, headers }, (answer) => {
        answer.resume().once("end", () => {
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`${path} was answered by ${answer.statusCode}.`));
        });
      });
      sent.once("error", reject).end(text);
    });
  for (const table of ["plain", "logged"]) {
    await send("execute", {
      sql: `create table ${table} (id bigint generated always as identity primary key, title text)`,
    });
    await send("execute", {
      sql: `insert into ${table} (title) select 'x' from generate_series(1, ${rows})`,
    });
  }
  return send;
}

function keepBusy(send: Send, count: number): () => Promise<void> {
  let isDone = false;
  const loops = Array.from({ length: count }, async () => {
    while (!isDone) await send("query", pairs[2]!.query);
  });
  return async () => {
    isDone = true;
    await Promise.all(loops);
  };
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function figuresOf({ query, records }: Record<"query" | "records", number[]>) {
  const round = (value: number) => Math.round(value * 100) / 100;
  const [ofQuery, ofRecords] = [query, records].map((times) => percentile(times, 0.5)) as [number, number];
  return {
    query_p50_ms: round(ofQuery),
    records_p50_ms: round(ofRecords),
    query_p90_ms: round(percentile(query, 0.9)),
    records_p90_ms: round(percentile(records, 0.9)),
    ratio: round(ofRecords / ofQuery),
  };
}

function print(json: boolean, figures: ReturnType<typeof figuresOf> & { workload: string; busy: number }) {
  const { workload, busy, ratio } = figures;
  const line = `${workload}, ${busy} busy loops: /query ${figures.query_p50_ms} ms (p90 ${figures.query_p90_ms}), /records ${figures.records_p50_ms} ms (p90 ${figures.records_p90_ms}): ${ratio}`;
  process.stdout.write(`${json ? JSON.stringify(figures) : line}\n`);
}
