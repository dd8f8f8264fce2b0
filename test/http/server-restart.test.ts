/** A server that is stopped at once while requests share its sessions: what their callers are told, and what was written. */
import type { CreatedDatabase } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let database: CreatedDatabase;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "restarts" });
});
afterAll(() => postern.close());

interface Outcome {
  status: number;
  body: { code?: string; rows?: { n: number; count: string }[] };
}

async function ask(sql: string, params: unknown[] = []): Promise<Outcome> {
  const answer = await fetch(`${postern.apiUrl()}/v1/db/${database.id}/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${database.token}`, "content-type": "application/json" },
    body: JSON.stringify({ sql, params }),
  });
  return { status: answer.status, body: (await answer.json()) as Outcome["body"] };
}

const write = (n: number) => ask("insert into written values ($1)", [n]);
const read = (n: number) => ask("select $1::int as n", [n]);
const from = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

it("answers every request rightly or with a 503, and sends no write twice", async () => {
  expect((await ask("create table written (n int)")).status).toBe(200);
  // Until they are known to share sessions.
  for (const n of from(0, 20)) await Promise.all([write(n), read(n)]);
  let answered = 0;
  let isKilled = false;
  const followed = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work;
    answered += 1;
    return result;
  };
  const writes: Promise<[number, Outcome]>[] = [];
  const reads: Promise<[number, Outcome]>[] = [];
  const server = await postern.serverPid("shared");
  for (const round of from(0, 20)) {
    for (const n of from(100 + 20 * round, 20)) {
      writes.push(followed(write(n)).then((outcome) => [n, outcome]));
      reads.push(followed(read(n)).then((outcome) => [n, outcome]));
    }
    await waitUntil("some are answered", async () => answered >= 10 * round);
    if (round === 8) {
      process.kill(server, "SIGQUIT");
      isKilled = true;
    }
  }
  const [written, seen] = await Promise.all([Promise.all(writes), Promise.all(reads)]);
  expect(isKilled).toBe(true);
  for (const [n, { status, body }] of seen) {
    if (status === 200) expect(body.rows).toEqual([{ n }]);
    else expect([n, status, body.code]).toEqual([n, 503, expect.stringMatching(/^(57P0[123]|Y4001)$/)]);
  }
  for (const [n, { status, body }] of written)
    if (status !== 200)
      expect([n, status, body.code]).toEqual([n, 503, expect.stringMatching(/^(57P0[123]|Y4001)$/)]);
  await waitUntil("the server is back", async () => (await read(1)).status === 200);
  expect(await postern.serverPid("shared")).not.toBe(server);
  const counted = await ask("select n, count(*) from written group by n");
  const counts = new Map(counted.body.rows!.map(({ n, count }) => [n, Number(count)]));
  expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
  expect(written.filter(([n, { status }]) => status === 200 && !counts.has(n)).map(([n]) => n)).toEqual([]);
});
