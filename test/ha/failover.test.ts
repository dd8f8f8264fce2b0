/**
 * Databases on a registered cluster, while its hosts die: no acknowledged write is lost by any way in, callers over HTTP wait or
 * are told to come again, and what was begun meanwhile is brought to its end.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { CreatedDatabase, DatabaseInfo, DatabaseUrls, QueryResult } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

const run = promisify(execFile);
const cluster: string[] = JSON.parse(process.env.POSTERN_HA_CLUSTER!);
const command = async (...words: string[]) => (await run(process.execPath, [...cluster, ...words])).stdout;

interface Member {
  name: string;
  role: string;
  state: string;
}
const members = async (): Promise<Member[]> =>
  command("status", "--json").then(
    (text) => JSON.parse(text),
    () => [],
  );
const leader = async () => (await members()).find(({ role }) => role === "leader")!.name;
const isWhole = (list: Member[]) =>
  list.length === 3 &&
  list.filter(({ role }) => role === "sync_standby").length === 1 &&
  list.every(({ role, state }) => (role === "leader" ? state === "running" : state === "streaming"));
const whole = () => waitUntil("the cluster to be whole", async () => isWhole(await members()), 120_000);

let postern: PosternHome;
let shop: CreatedDatabase;

beforeAll(async () => {
  postern = await createPosternHome({ POSTERN_RATE_LIMIT: "off" });
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
  const dsn = (await command("dsn")).trim();
  await postern.json([
    "admin",
    "instance",
    "register",
    "--name",
    "ha",
    "--dsn",
    dsn,
    "--tier",
    "db.p3",
    "--insecure",
  ]);
  shop = await create("shop");
  await sql("create table written (value bigint primary key, source text)");
});
afterAll(() => postern?.close());

const create = (name: string) =>
  postern.api<CreatedDatabase>("POST", "/v1/databases", { name, class: "db.p3", isolation: "external" });
const sql = async (text: string, params: unknown[] = []) =>
  (await postern.api<QueryResult>("POST", `/v1/db/${shop.id}/query`, { sql: text, params }, shop.token)).rows;

interface Writer {
  source: string;
  acknowledged: number[];
  failures: string[];
  /** HTTP statuses of the failures. */
  statuses: Set<number | undefined>;
  longestGapMs: number;
}

let next = 0;

/** A row and a commit each, one after the other; a failed one is not repeated, the next one follows. */
async function startWriters() {
  const { pooled, direct } = await postern.api<DatabaseUrls>("GET", `/v1/databases/${shop.id}/urls`);
  let isEnding = false;
  const keep = async (
    source: string,
    open: () => Promise<(value: number) => Promise<unknown>>,
  ): Promise<Writer> => {
    const writer: Writer = { source, acknowledged: [], failures: [], statuses: new Set(), longestGapMs: 0 };
    let write: ((value: number) => Promise<unknown>) | undefined;
    let last = performance.now();
    while (!isEnding) {
      const value = ++next;
      try {
        write ??= await open();
        await write(value);
        writer.acknowledged.push(value);
        writer.longestGapMs = Math.max(writer.longestGapMs, performance.now() - last);
        last = performance.now();
      } catch (error) {
        writer.failures.push(`${(error as { code?: string }).code}: ${(error as Error).message}`);
        writer.statuses.add((error as { status?: number }).status);
        write = undefined;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return writer;
  };
  const insert = "insert into written (value, source) values ($1, $2)";
  const bySession = (url: string, source: string) => async () => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      query_timeout: 35_000,
    });
    client.on("error", () => {});
    await client.connect();
    return (value: number) =>
      client.query(insert, [value, source]).catch(async (error: unknown) => {
        await client.end().catch(() => {});
        throw error;
      });
  };
  const work = Promise.all([
    keep("http", async () => (value) => sql(insert, [value, "http"])),
    keep("pooled", bySession(pooled, "pooled")),
    keep("direct", bySession(direct!, "direct")),
  ]);
  return async () => {
    isEnding = true;
    return work;
  };
}

async function through(event: () => Promise<void>): Promise<Writer[]> {
  await whole();
  const end = await startWriters();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = (await sql("select count(*)::int as n from written"))[0] as { n: number };
  await event();
  // All three write again.
  for (const source of ["http", "pooled", "direct"]) {
    const newest = next;
    await waitUntil(
      `${source} writes`,
      async () =>
        (
          await sql("select from written where source = $1 and value > $2 limit 1", [source, newest]).catch(
            () => [],
          )
        ).length > 0,
      90_000,
    );
  }
  const writers = await end();
  const there = new Set(
    (await sql("select value::text as v from written")).map((row) => Number((row as { v: string }).v)),
  );
  expect(there.size).toBeGreaterThan(before.n);
  // Come again, says each refusal over HTTP, and when; a client of the SDK repeats what it may.
  expect([...writers[0]!.statuses].filter((status) => status !== 503)).toEqual([]);
  for (const { source, acknowledged, failures, longestGapMs } of writers) {
    console.log(
      `  ${source}: ${acknowledged.length} acknowledged, longest gap ${Math.round(longestGapMs)} ms, ${failures.length} failed`,
      [...new Set(failures)].slice(0, 4),
    );
    expect({ source, lost: acknowledged.filter((value) => !there.has(value)) }).toEqual({ source, lost: [] });
    expect(longestGapMs).toBeLessThan(45_000);
  }
  return writers;
}

it("a switchover on purpose loses nothing", async () => {
  await through(async () => void (await command("switchover")));
});

it("a killed postmaster loses nothing", async () => {
  await through(async () => void (await command("kill", await leader(), "--only", "postgres")));
});

it("a killed Patroni loses nothing", async () => {
  await through(async () => void (await command("kill", await leader(), "--only", "patroni")));
});

it("a killed host loses nothing, and a database that is made meanwhile is made", async () => {
  let made: Promise<CreatedDatabase> | undefined;
  const victim = await leader();
  await through(async () => {
    await command("kill", victim);
    made = create("made-in-between");
    made.catch(() => {});
  });
  const created = await made!;
  const answer = await postern.api<QueryResult>(
    "POST",
    `/v1/db/${created.id}/query`,
    { sql: "select 1 as one" },
    created.token,
  );
  expect(answer.rows).toEqual([{ one: 1 }]);
  await command("start", victim);
});

it("a leader whose cable is pulled loses nothing, also when it comes back", async () => {
  const victim = await leader();
  await through(async () => {
    await command("cut", victim);
    await waitUntil(
      "another leader",
      async () => (await members()).some(({ name, role }) => role === "leader" && name !== victim),
      60_000,
    );
    await command("heal", victim);
  });
  await whole();
});

it("a cluster without a majority says so, takes no writes, and is well again by itself", async () => {
  await whole();
  const stays = await leader();
  const others = (await members()).map(({ name }) => name).filter((name) => name !== stays);
  const info = () => postern.api<DatabaseInfo>("GET", `/v1/databases/${shop.id}`);
  await sql("insert into written values ($1, 'before')", [++next]);
  const newest = next;
  for (const name of others) await command("kill", name);
  await waitUntil("it is not ready any more", async () => (await info()).status !== "ready", 90_000);
  const { status, healthy } = await info();
  expect(["unreachable", "read_only"]).toContain(status);
  expect(healthy).toBe(false);
  const told = await fetch(`${postern.apiUrl()}/v1/db/${shop.id}/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${shop.token}`, "content-type": "application/json" },
    body: JSON.stringify({ sql: "insert into written values ($1, 'none')", params: [++next] }),
  });
  expect(told.status).toBe(503);
  expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
  for (const name of others) await command("start", name);
  await waitUntil("it is ready again", async () => (await info()).status === "ready", 120_000);
  expect(await sql("select value::int from written where source in ('before', 'none')")).toEqual([
    { value: newest },
  ]);
});
