/**
 * In charge of measuring how long a sleeping database takes to answer whoever wakes it, by each way; whether anybody is
 * refused over many sleeps under load; and how long the daemon takes to start with many that sleep.
 */
import pg from "pg";
import { median, percentile } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface WakeOptions {
  json: boolean;
  /** Wakes by each way. */
  rounds: number;
  /** Sleeps under load. */
  cycles: number;
  /** Sleeping databases at a start; 0: that is not measured. */
  sleeping: number;
}

interface Subject {
  id: string;
  token: string;
  pooled: string;
  direct: string;
}

type Way = "http" | "pooled" | "direct";
const ways: readonly Way[] = ["http", "pooled", "direct"];

export async function benchWake(options: WakeOptions): Promise<void> {
  const postern = await startTemporaryPostern();
  const tell = (figures: Record<string, unknown>) =>
    console.log(
      options.json
        ? JSON.stringify(figures)
        : Object.entries(figures)
            .map(([name, value]) => `${name} ${String(value)}`)
            .join(", "),
    );
  try {
    const subject = await createSubject(postern);
    for (const way of ways) tell(await measureWakes(postern, subject, way, options.rounds));
    if (options.cycles > 0) tell(await measureCycles(postern, subject, options.cycles));
    if (options.sleeping > 0) tell(await measureStart(postern, options.sleeping));
  } finally {
    await postern.close();
  }
}

async function createSubject(postern: TemporaryPostern): Promise<Subject> {
  const { id, token } = await postern.api<Subject>("POST", "/v1/databases", { class: "db.p2" });
  const urls = await postern.api<Subject>("GET", `/v1/databases/${id}/urls`);
  return { id, token, pooled: urls.pooled, direct: urls.direct };
}

const pause = (postern: TemporaryPostern, { id }: Subject) =>
  postern.api<{ status: string }>("POST", `/v1/databases/${id}/pause`);

async function measureWakes(postern: TemporaryPostern, subject: Subject, way: Way, rounds: number) {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await pause(postern, subject);
    const startedAt = performance.now();
    await ask(postern, subject, way);
    times.push(performance.now() - startedAt);
  }
  const at = (fraction: number) => Math.round(percentile(times, fraction));
  return {
    wake_by: way,
    wakes: rounds,
    median_ms: Math.round(median(times)),
    p90_ms: at(0.9),
    p99_ms: at(0.99),
    most_ms: Math.round(Math.max(...times)),
  };
}

async function ask(postern: TemporaryPostern, subject: Subject, way: Way): Promise<void> {
  if (way === "http") {
    const answer = await fetch(`${postern.apiUrl}/v1/db/${subject.id}/query`, {
      method: "POST",
      headers: { authorization: `Bearer ${subject.token}`, "content-type": "application/json" },
      body: '{"sql":"select 1"}',
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    return;
  }
  const client = new pg.Client({ connectionString: subject[way] });
  client.on("error", () => {});
  await client.connect();
  await client.query("select 1").finally(() => client.end());
}

/** Clients come by all ways all the time, each with a short rest, while the database is sent to sleep again and again. */
async function measureCycles(postern: TemporaryPostern, subject: Subject, cycles: number) {
  const errors = new Map<string, number>();
  let answers = 0;
  let isOver = false;
  const comeAndGo = async (way: Way, restMs: number) => {
    while (!isOver) {
      await ask(postern, subject, way).then(
        () => (answers += 1),
        (error: Error) => errors.set(error.message, (errors.get(error.message) ?? 0) + 1),
      );
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  };
  const clients = ways.flatMap((way) => [comeAndGo(way, 50), comeAndGo(way, 130)]);
  let sleeps = 0;
  let refusals = 0;
  const startedAt = performance.now();
  while (sleeps < cycles) {
    await pause(postern, subject).then(
      () => (sleeps += 1),
      () => (refusals += 1),
    );
  }
  isOver = true;
  await Promise.all(clients);
  for (const [message, count] of errors) console.error(`${count} × ${message}`);
  return {
    sleeps,
    pauses_refused: refusals,
    answers,
    errors: [...errors.values()].reduce((sum, count) => sum + count, 0),
    seconds: Math.round((performance.now() - startedAt) / 1_000),
  };
}

async function measureStart(postern: TemporaryPostern, sleeping: number) {
  for (let count = 0; count < sleeping; count += 1) await pause(postern, await createSubject(postern));
  await postern.restart();
  return { sleeping_databases: sleeping, daemon_ready_ms: Math.round(postern.readyMs()) };
}
