/** Two control planes and two gateways behind a balancer, killed under load: nothing lost, nothing done twice. */
import type {
  BackupInfo,
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  GatewayInfo,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sleep } from "../../src/base/clock.ts";
import { waitUntil } from "../support/wait-until.ts";
import { command, type Fleet, openFleet } from "./fleet.ts";

let fleet: Fleet;
let work: CreatedDatabase;
/** As they are told by a gateway: they lead to the balancer. */
let urls: DatabaseUrls;

beforeAll(async () => {
  fleet = await openFleet();
  work = await fleet.call<CreatedDatabase>({ path: "/v1/databases?wait=true", body: { name: "work" } });
  urls = await fleet.call<DatabaseUrls>({ method: "GET", path: `/v1/databases/${work.id}/urls` });
  await sql("create table noted (id serial primary key, key text)");
  await sql("create table written (n int primary key)");
}, 240_000);
afterAll(() => fleet?.close());

type Run = (text: string, params?: unknown[]) => Promise<unknown>;

const sql = (text: string, params: unknown[] = []) =>
  fleet.call<{ rows: Record<string, unknown>[] }>({
    path: `/v1/db/${work.id}/query`,
    token: work.token!,
    body: { sql: text, params },
  });

/** Repeated until it is answered, as an application would: what it repeats counts once. */
async function insist<Result>(ask: () => Promise<Result>, isDone: (error: { code?: string }) => boolean) {
  for (;;) {
    try {
      return await ask();
    } catch (thrown) {
      if (isDone(thrown as { code?: string })) return undefined;
      await sleep(100);
    }
  }
}

/** What was repeated, and how often. */
const failures = new Map<string, number>();
const note = (error: { code?: string; message?: string; detail?: string }): boolean => {
  const code = `${error.code} ${error.message} ${error.detail ?? ""}`;
  failures.set(code, (failures.get(code) ?? 0) + 1);
  return false;
};

/** A session by a URL, made anew where it has broken. */
function sessionAt(url: string): Run {
  let client: pg.Client | undefined;
  return async (text, params = []) => {
    try {
      if (!client) {
        const ssl = { ca: fleet.ca };
        const connectionString = url.replace(/\?.*/, "");
        client = new pg.Client({
          connectionString,
          ssl,
          connectionTimeoutMillis: 5_000,
          query_timeout: 20_000,
        });
        client.on("error", () => {});
        await client.connect();
      }
      return await client.query(text, params);
    } catch (error) {
      // What the server has said of a statement leaves the session as it is.
      if (/^(23|42)/.test((error as { code?: string }).code ?? "")) throw error;
      client?.end().catch(() => {});
      client = undefined;
      throw error;
    }
  };
}

/** Structured queries with keys; SQL whose own key tells a repetition, over HTTP, pooled and direct. */
function startWriters(count: number) {
  const acknowledged = { keys: [] as string[], numbers: [] as number[] };
  const state = { isOver: false };
  let next = 0;
  const writer = async (index: number) => {
    const insert: Run = [sql, sessionAt(urls.pooled), sessionAt(urls.direct)][index % 3]!;
    while (!state.isOver) {
      const n = next++;
      if (index % 4 === 3) {
        const key = `key-${n}`;
        await insist(
          () =>
            fleet.call({
              path: `/v1/db/${work.id}/records`,
              token: work.token!,
              headers: { "idempotency-key": key },
              body: { table: "noted", operation: "insert", data: { key } },
            }),
          note,
        );
        acknowledged.keys.push(key);
      } else {
        await insist(
          () => insert("insert into written values ($1)", [n]),
          (error) => error.code === "23505" || note(error),
        );
        acknowledged.numbers.push(n);
      }
    }
  };
  const all = Promise.all(Array.from({ length: count }, (_, index) => writer(index)));
  return {
    acknowledged,
    async stop() {
      state.isOver = true;
      await all;
    },
  };
}

it("loses nothing and does nothing twice while hosts of each kind are killed, and one is stopped", async () => {
  await fleet.call({
    method: "PUT",
    path: `/v1/databases/${work.id}/backup-policy`,
    body: { schedule: "* * * * *" },
  });
  const writers = startWriters(8);
  const wrote = () => writers.acknowledged.keys.length + writers.acknowledged.numbers.length;
  const more = async (count: number) => {
    const before = wrote();
    await waitUntil(`${count} more are written`, async () => wrote() > before + count, 60_000);
  };
  const names = Array.from({ length: 6 }, (_, index) => `made-${index}`);
  const creates = (async () => {
    // One name is taken once: a repetition is told so.
    for (const name of names)
      await insist(
        () => fleet.call<CreatedDatabase>({ path: "/v1/databases", body: { name } }),
        (error) => error.code === "Y3002" || note(error),
      );
  })();
  await more(100);
  await command("kill", "c1");
  await more(100);
  await command("kill", "g1");
  await more(100);
  await Promise.all([command("start", "c1"), command("start", "g1")]);
  await more(100);
  await command("stop", "g2");
  await more(100);
  await command("start", "g2");
  await more(100);
  await command("kill", "c2");
  await more(100);
  await command("start", "c2");
  await creates;
  await waitUntil("two backups were due", async () => (await scheduled()).length >= 2, 200_000);
  await writers.stop();
  console.log(`acknowledged ${wrote()}; failures that were repeated:`, Object.fromEntries(failures));

  const noted = (await sql("select key, count(*)::int as times from noted group by key")).rows;
  expect(noted.filter(({ times }) => times !== 1)).toEqual([]);
  const kept = new Set(noted.map(({ key }) => key));
  expect(writers.acknowledged.keys.filter((key) => !kept.has(key))).toEqual([]);
  const written = new Set((await sql("select n from written")).rows.map(({ n }) => n));
  expect(writers.acknowledged.numbers.filter((n) => !written.has(n))).toEqual([]);

  const databases = await fleet.call<DatabaseInfo[]>({ method: "GET", path: "/v1/databases" });
  expect(databases.map(({ name, status }) => `${name} ${status}`).sort()).toEqual(
    ["work", ...names].map((name) => `${name} ready`).sort(),
  );
  const admin = await fleet.connect();
  const there = await admin.query("select from pg_database where datname like 'db\\_%'");
  await admin.end();
  expect(there.rows).toHaveLength(databases.length);

  const minutes = (await scheduled()).map(({ created_at }) => created_at.slice(0, 16));
  expect(new Set(minutes).size).toBe(minutes.length);
  await waitUntil("both gateways are there", async () => {
    const gateways = await fleet.call<GatewayInfo[]>({ method: "GET", path: "/v1/gateways" });
    return gateways.filter(({ status }) => status === "connected").length >= 2;
  });
});

/** A control plane that is killed as soon as the other has come back, twice, while statements are under way. */
it("answers again within seconds whichever control plane is killed, and whatever is under way", async () => {
  const state = { isOver: false, longestMs: 0, slow: 0 };
  const keep = async (ask: () => Promise<unknown>) => {
    let answeredAt = performance.now();
    while (!state.isOver) {
      const isAnswered = await ask().then(
        () => true,
        () => false,
      );
      if (isAnswered) answeredAt = performance.now();
      state.longestMs = Math.max(state.longestMs, performance.now() - answeredAt);
      await sleep(50);
    }
  };
  const all = Promise.all([
    ...[1, 2, 3, 4].map(() => keep(() => sql("select 1"))),
    // Its answer takes longer than a control plane's end is noticed.
    keep(() =>
      sql("select pg_sleep(2)").then(
        () => (state.slow += 1),
        () => {},
      ),
    ),
  ]);
  for (const host of ["c1", "c2", "c1", "c2"]) {
    await sleep(1_000);
    await command("kill", host);
    await sleep(4_000);
    await command("start", host);
  }
  state.isOver = true;
  await all;
  console.log(`longest time without an answer: ${(state.longestMs / 1_000).toFixed(1)} s`);
  expect(state.longestMs).toBeLessThan(4_000);
  expect(state.slow).toBeGreaterThan(3);
});

const scheduled = async () =>
  (await fleet.call<BackupInfo[]>({ method: "GET", path: `/v1/databases/${work.id}/backups` })).filter(
    ({ status }) => status === "completed",
  );
