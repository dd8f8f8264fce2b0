/**
 * In charge of sending a database to sleep again and again while clients come by every way, and of counting who was not
 * answered. What is under way when a pause begins has to end well, too.
 */
import pg from "pg";
import { percentile } from "./statistics.ts";
import type { TemporaryPostern } from "./temporary-postern.ts";
import { ask, pause, type WakeSubject, type Way, ways } from "./wake-subject.ts";

export interface CycleFigures {
  sleeps: number;
  pauses_refused: number;
  answers: number;
  errors: number;
  seconds: number;
  /** Of a client's request, by its kind: most of them meet a pause or a wake. */
  [latency: `${string}_ms`]: number;
}

const now = () => performance.now();
const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What one client does over and over, and how long it rests in between. */
interface Client {
  kind: string;
  restMs: number;
  act(): Promise<unknown>;
}

export async function runPauseCycles(
  postern: TemporaryPostern,
  subject: WakeSubject,
  cycles: number,
  onProgress: (figures: CycleFigures) => void,
): Promise<CycleFigures> {
  const pool = new pg.Pool({ connectionString: subject.pooled, max: 4 });
  pool.on("error", (error) => note(error));
  const errors = new Map<string, number>();
  const note = (error: Error) => {
    if (!errors.has(error.message)) console.error(error.message);
    errors.set(error.message, (errors.get(error.message) ?? 0) + 1);
  };
  const times = new Map<string, number[]>();
  const asks = (way: Way, sql?: string) => () => ask(postern, subject, way, sql);
  const clients: Client[] = [
    ...ways.map((way) => ({ kind: way, restMs: 50, act: asks(way) })),
    ...ways.map((way) => ({ kind: way, restMs: 130, act: asks(way) })),
    ...ways.map((way) => ({ kind: "statement of 100", restMs: 220, act: asks(way, "select pg_sleep(0.1)") })),
    // Sessions with the pooler that outlive many sleeps, and a transaction over more than one round trip.
    { kind: "kept_pooled", restMs: 40, act: () => pool.query("select 1") },
    { kind: "transaction", restMs: 90, act: () => transact(pool) },
  ];
  let isOver = false;
  const comeAndGo = async ({ kind, restMs, act }: Client) => {
    const mine = times.get(kind) ?? [];
    times.set(kind, mine);
    while (!isOver) {
      const startedAt = now();
      await act().then(() => mine.push(now() - startedAt), note);
      await rest(restMs);
    }
  };
  const startedAt = now();
  let sleeps = 0;
  let refusals = 0;
  const figures = (): CycleFigures => ({
    sleeps,
    pauses_refused: refusals,
    answers: [...times.values()].reduce((sum, list) => sum + list.length, 0),
    errors: [...errors.values()].reduce((sum, count) => sum + count, 0),
    seconds: Math.round((now() - startedAt) / 1_000),
    ...Object.fromEntries(
      [...times].flatMap(([kind, list]) =>
        [0.5, 0.99].map((at) => [
          `${kind.replaceAll(" ", "_")}_p${at * 100}_ms`,
          Math.round(percentile(list, at)),
        ]),
      ),
    ),
  });
  const work = clients.map(comeAndGo);
  try {
    while (sleeps < cycles && refusals < cycles) {
      await pause(postern, subject).then(
        () => (sleeps += 1),
        (error: Error) => {
          refusals += 1;
          if (!error.message.includes("Y4010")) note(error);
        },
      );
      if (sleeps % 100 === 0) onProgress(figures());
    }
  } finally {
    isOver = true;
    await Promise.all(work);
    await pool.end();
  }
  for (const [message, count] of errors) console.error(`${count} × ${message}`);
  return figures();
}

async function transact(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select 1");
    await rest(15);
    await client.query("commit");
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}
