/** In charge of a database with a server of its own that sleeps and wakes: the three ways to it, and what it does. */
import type { CreatedDatabase, DatabaseInfo, DatabaseUrls } from "@postern/sdk/protocol";
import pg from "pg";
import { type DatabaseRow, findDatabaseById } from "../../src/state/databases.ts";
import type { PosternHome } from "./postern-home.ts";
import { waitUntil } from "./wait-until.ts";

export interface SleepingDatabase extends CreatedDatabase {
  urls: DatabaseUrls;
  /** Its server's: `ins-…` or `shared`. */
  instance: string;
  info(): Promise<DatabaseInfo>;
  pause(): Promise<DatabaseInfo>;
  resume(): Promise<DatabaseInfo>;
  /** Does its server run? */
  isUp(): Promise<boolean>;
  overHttp(sql: string): Promise<unknown[]>;
  /** A connection of its own each time. */
  overPostgres(way: "pooled" | "direct", sql: string): Promise<unknown[]>;
  connect(way: "pooled" | "direct"): Promise<pg.Client>;
}

export async function createSleepingDatabase(
  postern: PosternHome,
  input: Record<string, unknown> = {},
): Promise<SleepingDatabase> {
  return reachDatabase(
    postern,
    await postern.api<CreatedDatabase>("POST", "/v1/databases", { class: "db.p2", ...input }),
  );
}

/** One that is there already: a branch, or one whose secrets are new. */
export async function reachDatabase<Created extends Pick<CreatedDatabase, "id" | "token">>(
  postern: PosternHome,
  created: Created,
): Promise<Created & SleepingDatabase> {
  const path = `/v1/databases/${created.id}`;
  const urls = await postern.api<DatabaseUrls>("GET", `${path}/urls`);
  const row = await readRow(postern, created.id);
  const connect = async (way: "pooled" | "direct") => {
    const client = new pg.Client({ connectionString: urls[way] });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const ways: Omit<SleepingDatabase, keyof CreatedDatabase> = {
    urls,
    instance: row.instance_id!,
    connect,
    info: () => postern.api("GET", path),
    pause: () => postern.api("POST", `${path}/pause`),
    resume: () => postern.api("POST", `${path}/resume`),
    isUp: () => isServerUp(postern, row.instance_id!),
    async overHttp(sql) {
      const { port } = new URL(postern.apiUrl());
      const answer = await fetch(`http://127.0.0.1:${port}/v1/db/${created.id}/query`, {
        method: "POST",
        headers: { authorization: `Bearer ${created.token}`, "content-type": "application/json" },
        body: JSON.stringify({ sql }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${answer.status} ${text}`);
      return (JSON.parse(text) as { rows: unknown[] }).rows;
    },
    async overPostgres(way, sql) {
      const client = await connect(way);
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    },
  };
  return { ...created, ...ways } as Created & SleepingDatabase;
}

export async function isServerUp(postern: PosternHome, instance: string): Promise<boolean> {
  const pid = await postern.serverPid(instance).catch(() => undefined);
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What Postern's own tables say. */
export async function withOwnTables<Result>(
  postern: PosternHome,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    host: `${postern.home}/run/system`,
    port: 5432,
    user: "postern_admin",
    database: "postern",
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const readRow = (postern: PosternHome, id: string): Promise<DatabaseRow> =>
  withOwnTables(postern, async (client) => (await findDatabaseById(client as never, id as never))!);

export const waitUntilAsleep = (database: SleepingDatabase, timeoutMs?: number): Promise<void> =>
  waitUntil(`${database.name} sleeps`, async () => (await database.info()).status === "paused", timeoutMs);
