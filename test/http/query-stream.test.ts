/** Streamed answers over real HTTP, through a worker: what they cost it, and what a reader can do. */
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { CreatedDatabase, DaemonStatus } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Answer, ask, open } from "../support/http-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let status: DaemonStatus;
let database: CreatedDatabase;
let port: number;

beforeAll(async () => {
  postern = await createPosternHome();
  status = await postern.start();
  port = Number(new URL(status.api_url).port);
  database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "streams" });
});
afterAll(() => postern.close());

const question = (sql: string, headers: Record<string, string> = {}) => ({
  port,
  method: "POST",
  path: `/v1/db/${database.id}/query`,
  headers: {
    authorization: `Bearer ${database.token}`,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(JSON.stringify({ sql }))),
    accept: "application/x-ndjson",
    ...headers,
  },
  body: JSON.stringify({ sql }),
});

const linesOf = ({ text }: Answer): Record<string, unknown>[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** Resident memory of everything that serves HTTP: the daemon and its worker. */
async function residentBytes(): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
      const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const isOurs = Number(pid) === status.pid || Number(parent) === status.pid;
      if (!isOurs) return 0;
      const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
      if (!/posternd|postern-worker/.test(command)) return 0;
      const text = await readFile(`/proc/${pid}/status`, "latin1").catch(() => "");
      return 1024 * Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const countActive = async (text: string): Promise<number> => {
  const answer = await ask(
    question(
      `select count(*)::int as n from pg_stat_activity
        where state = 'active' and pid <> pg_backend_pid() and strpos(query, '${text.replace("*", "' || '*")}') > 0`,
      { accept: "application/json" },
    ),
  );
  return (JSON.parse(answer.text) as { rows: { n: number }[] }).rows[0]!.n;
};

/** Reads until so many bytes have come, and then nothing more. */
async function readSome(response: IncomingMessage, bytes: number): Promise<void> {
  let read = 0;
  while (read < bytes) {
    const piece = response.read() as Buffer | null;
    if (piece === null) await once(response, "readable");
    else read += piece.length;
  }
}

it("sends 200,000 rows, a line each", async () => {
  const sql = "select i, 'name ' || i as name from generate_series(1, 200000) i";
  const answer = await ask(question(sql));
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    "content-type": "application/x-ndjson; charset=utf-8",
    "transfer-encoding": "chunked",
    "x-content-type-options": "nosniff",
  });
  const lines = linesOf(answer);
  expect(lines).toHaveLength(200_002);
  expect(lines[200_000]).toEqual({ row: { i: 200_000, name: "name 200000" } });
  expect(lines[200_001]).toEqual({ row_count: 200_000 });
});

it("answers the same by the daemon's own way, with timings", async () => {
  const answer = await ask(question("select 1 as one", { "server-timing": "?1" }));
  expect([answer.status, answer.headers["content-type"]]).toEqual([
    200,
    "application/x-ndjson; charset=utf-8",
  ]);
  expect(linesOf(answer).slice(1)).toEqual([{ row: { one: 1 } }, { row_count: 1 }]);
  const failed = await ask(question("select 1/0", { "server-timing": "?1" }));
  expect([failed.status, JSON.parse(failed.text).code]).toEqual([400, "22012"]);
});

it("refuses with a status what fails before its first row, and says in the last line what fails later", async () => {
  const failed = await ask(question("select * from nowhere"));
  expect([failed.status, JSON.parse(failed.text).code]).toEqual([400, "42P01"]);
  const ways: Record<string, string>[] = [{}, { "server-timing": "?1" }];
  for (const headers of ways) {
    const answer = await ask(
      question(
        "select 1 / (50000 - i) as x, repeat('y', 100) as y from generate_series(1, 60000) i",
        headers,
      ),
    );
    expect(answer.status).toBe(200);
    expect(linesOf(answer).at(-1)).toMatchObject({ error: { code: "22012", message: "division by zero" } });
  }
});

it("keeps little of a large answer whose reader is slow, and sends all of it in the end", async () => {
  await ask(question("select repeat('x', 1000) as x from generate_series(1, 50000)"));
  const before = await residentBytes();
  const response = await open(
    question("select /*300 MB*/ repeat('x', 1000) as x from generate_series(1, 300000)"),
  );
  await readSome(response, 1_000_000);
  await waitUntil("Postgres waits for its reader", async () => {
    const answer = await ask(
      question(
        "select count(*)::int as n from pg_stat_activity where strpos(query, '/' || '*300 MB') > 0 and wait_event = 'ClientWrite'",
        { accept: "application/json" },
      ),
    );
    return JSON.parse(answer.text).rows[0].n === 1;
  });
  expect((await residentBytes()) - before).toBeLessThan(48 * 1024 * 1024);
  let bytes = 0;
  let most = 0;
  for await (const piece of response) {
    bytes += (piece as Buffer).length;
    // Looked at now and then while it flows.
    if (bytes % 64 === 0) most = Math.max(most, (await residentBytes()) - before);
  }
  expect(bytes).toBeGreaterThan(298_000_000);
  expect(most).toBeLessThan(128 * 1024 * 1024);
});

it("cancels the statement of a reader who leaves in the middle", async () => {
  const response = await open(
    question("select /*leaves*/ repeat('x', 1000) as x from generate_series(1, 300000)"),
  );
  await readSome(response, 100_000);
  expect(await countActive("/*leaves")).toBe(1);
  response.destroy();
  await waitUntil("nothing of it runs", async () => (await countActive("/*leaves")) === 0);
});

it("streams to clients as far as row security lets them", async () => {
  for (const sql of [
    "create table notes (id int)",
    "insert into notes select generate_series(1, 5)",
    "alter table notes enable row level security",
    "create policy few on notes for select to anon using (id < 3)",
  ])
    expect((await ask(question(sql))).status).toBe(200);
  await postern.api("PUT", `/v1/databases/${database.id}/client-access`, {});
  await ask(question("grant select on notes to anon"));
  const { authorization: _, ...headers } = question("select id from notes order by id").headers;
  const answer = await ask({
    ...question("select id from notes order by id"),
    headers: { ...headers, origin: "https://app.example.com" },
  });
  expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, "*"]);
  expect(linesOf(answer).slice(1)).toEqual([{ row: { id: 1 } }, { row: { id: 2 } }, { row_count: 2 }]);
  const refused = question("delete from notes");
  const { authorization: __, ...anonymous } = refused.headers;
  expect((await ask({ ...refused, headers: anonymous })).status).toBe(400);
});
