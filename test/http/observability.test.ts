/** What Postern tells about itself: metrics and logs of a whole Postern, and what must not be in them. */
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CreatedDatabase, DatabaseUrls, OperationInfo } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let database: CreatedDatabase;
let apiUrl: string;
let apiKey: string;

beforeAll(async () => {
  postern = await createPosternHome();
  postern.environment.POSTERN_LOG_REQUESTS = "1";
  const up = await postern.run(["up"]);
  expect([up.code, up.stderr]).toEqual([0, expect.any(String)]);
  const config = JSON.parse(
    await readFile(join(postern.environment.POSTERN_CONFIG_DIR!, "config.json"), "utf8"),
  );
  ({ api_url: apiUrl, api_key: apiKey } = config);
  database = await postern.json(["db", "create", "watched"]);
});
afterAll(() => postern.close());

const call = (path: string, headers: Record<string, string>, body?: string) =>
  fetch(`${apiUrl}${path}`, { method: body === undefined ? "GET" : "POST", headers, ...(body && { body }) });
const query = (sql: string, params: unknown[] = [], headers: Record<string, string> = {}) =>
  call(
    `/v1/db/${database.id}/query`,
    { authorization: `Bearer ${database.token}`, "content-type": "application/json", ...headers },
    JSON.stringify({ sql, params }),
  );
const readMetrics = async () => (await call("/metrics", { authorization: `Bearer ${apiKey}` })).text();
const readLog = () => readFile(join(postern.home, "logs/daemon.log"), "utf8");

async function urls(): Promise<DatabaseUrls> {
  const answer = await call(`/v1/databases/${database.id}/urls`, { authorization: `Bearer ${apiKey}` });
  return (await answer.json()) as DatabaseUrls;
}

describe("metrics", () => {
  it("count requests that workers answered and those that the daemon did", async () => {
    expect((await query("select 1")).status).toBe(200);
    expect((await query("select nonsense")).status).toBe(400);
    const line = (route: string, method: string, status: string) =>
      `postern_http_requests_total{route="${route}",method="${method}",status="${status}"}`;
    await waitUntil("both are counted", async () => {
      const text = await readMetrics();
      return [
        `${line("/v1/db/:id/query", "POST", "2xx")} 1`,
        `${line("/v1/db/:id/query", "POST", "4xx")} 1`,
        `${line("/v1/databases", "POST", "2xx")} 1`,
      ].every((expected) => text.includes(expected));
    });
  });

  it("tell of databases, operations, backups, sessions and what is under way", async () => {
    const backup = await call(
      `/v1/databases/${database.id}/backups`,
      { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      "{}",
    );
    const { id } = (await backup.json()) as OperationInfo;
    await postern.run(["ops", "watch", id]);
    const client = new pg.Client({ connectionString: (await urls()).pooled });
    await client.connect();
    await client.query("begin");
    const text = await readMetrics().finally(() => client.end());
    expect(text).toMatch(/^postern_databases\{status="ready"\} 1$/m);
    expect(text).toMatch(/^postern_databases\{status="failed"\} 0$/m);
    expect(text).toMatch(/^postern_operations\{status="completed"\} 2$/m);
    expect(text).toMatch(/^postern_operations_finished_total\{kind="\w*backup\w*",end="completed"\} 1$/m);
    expect(text).toMatch(/^postern_services\{state="running"\} 3$/m);
    expect(text).toMatch(/^postern_pool_sessions\{state="cl_active"\} [1-9]/m);
    expect(text).toMatch(/^postern_http_requests_in_flight \d+$/m);
    const madeAt = Number(/^postern_backup_last_success_timestamp_seconds (\S+)$/m.exec(text)?.[1]);
    expect(Math.abs(Date.now() / 1000 - madeAt)).toBeLessThan(600);
    expect(text).toContain(`postern_database_last_backup_timestamp_seconds{database="${database.id}"}`);
  });

  it("a request that is under way is seen as such", async () => {
    const slow = query("select pg_sleep(3)");
    await waitUntil("two are under way", async () => {
      const count = /^postern_http_requests_in_flight (\d+)$/m.exec(await readMetrics())?.[1];
      return Number(count) >= 2;
    });
    expect((await slow).status).toBe(200);
  });
});

describe("the log", () => {
  it("has one line for each request: id, route, status, time, database and code", async () => {
    await query("select 1", [], { "x-request-id": "good-one" });
    await query("select nonsense", [], { "x-request-id": "bad-one" });
    await call("/v1/whoami", { authorization: `Bearer ${apiKey}`, "x-request-id": "key-one" });
    const lines = async (requestId: string) =>
      (await readLog())
        .split("\n")
        .filter((line) => line.includes(requestId))
        .map((line) => JSON.parse(line));
    await waitUntil("all are written", async () =>
      (await Promise.all(["good-one", "bad-one", "key-one"].map(lines))).every(({ length }) => length > 0),
    );
    const common = {
      level: "info",
      msg: "request",
      durationMs: expect.any(Number),
      time: expect.any(String),
    };
    const asked = { ...common, method: "POST", route: "/v1/db/:id/query", databaseId: database.id };
    expect(await lines("good-one")).toEqual([{ ...asked, requestId: "good-one", status: 200 }]);
    expect(await lines("bad-one")).toEqual([{ ...asked, requestId: "bad-one", status: 400, code: "42703" }]);
    expect(await lines("key-one")).toEqual([
      { ...common, requestId: "key-one", method: "GET", route: "/v1/whoami", status: 200 },
    ]);
  });

  it("holds nothing of what requests and sessions carry: no header, path, SQL, parameter, error, password", async () => {
    const needle = `needle${randomBytes(8).toString("hex")}`;
    const json = { "content-type": "application/json" };
    await query(`select '${needle}'::int`);
    await query("select $1::int", [needle]);
    await query(`select 1 as "${needle}" from`);
    await query(`do $$ begin raise exception '${needle}'; end $$`);
    await query(`do $$ begin raise warning '${needle}'; end $$`);
    await query(`create table "${needle}" (a text unique)`);
    await query(`insert into "${needle}" values ($1), ($1)`, [needle]);
    await query("select 1", [], { "x-secret": needle, cookie: `a=${needle}`, "user-agent": needle });
    await call(`/${needle}?a=${needle}`, {});
    await call(`/v1/databases/${needle}?a=${needle}`, { authorization: `Bearer ${apiKey}` });
    await call("/v1/whoami", { authorization: `Bearer pk_${needle}` });
    await call("/v1/whoami", { authorization: needle });
    await call(`/v1/db/${database.id}/query`, { authorization: `Bearer ${needle}`, ...json }, "{}");
    await call("/v1/login", json, JSON.stringify({ username: "admin", password: needle }));
    await call("/v1/login", json, `{"${needle}`);
    const { pooled, direct } = await urls();
    for (const url of [pooled, direct]) {
      const client = new pg.Client({ connectionString: url, application_name: needle });
      await client.connect();
      await client.query(`select '${needle}'::int`).catch(() => {});
      await client.query(`select '${needle}', 1/0`).catch(() => {});
      await client.query("select $1::date", [needle]).catch(() => {});
      await client.end();
      const wrong = new pg.Client({ connectionString: url.replace(/:[^:@]*@/, `:${needle}@`) });
      await expect(wrong.connect()).rejects.toThrow();
      await wrong.end().catch(() => {});
    }
    // Logs are written a little later: what comes last is waited for.
    await query("select 1", [], { "x-request-id": `last-${database.id}` });
    await waitUntil("the last request is written", async () => (await readLog()).includes("last-db-"));
    const files = (await readdir(postern.home, { recursive: true })).filter((file) => file.endsWith(".log"));
    expect(files.sort()).toEqual([
      "instances/shared/postgres.log",
      "instances/system/postgres.log",
      "logs/daemon.log",
      "pgbouncer/pgbouncer.log",
    ]);
    for (const file of files) {
      const lines = (await readFile(join(postern.home, file), "utf8")).split("\n");
      expect([file, lines.filter((line) => line.includes(needle))]).toEqual([file, []]);
      expect([file, lines.filter((line) => line.includes(database.token))]).toEqual([file, []]);
      expect([file, lines.filter((line) => line.includes(apiKey))]).toEqual([file, []]);
    }
    expect(await readMetrics()).not.toContain(needle);
  });
});
