/** Readers of large answers who take nothing: what they may hold, for how long, and what it costs the process. */
import { readdir, readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import type { CreatedDatabase, DaemonStatus, DatabaseUrls } from "@postern/sdk/protocol";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Answer, ask, dial } from "../support/http-client.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

const mebibyte = 1024 * 1024;
/** One database may have half of it. */
const roomMebibytes = 80;

let postern: PosternHome;
let status: DaemonStatus;
let database: CreatedDatabase;
let port: number;
let sockets: Socket[] = [];

beforeAll(async () => {
  postern = await createPosternHome({
    POSTERN_ANSWER_MEMORY: String(roomMebibytes),
    POSTERN_READER_TIMEOUT: "15",
  });
  status = await postern.start();
  port = Number(new URL(status.api_url).port);
  database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "slow" });
});
afterAll(() => postern.close());
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  // What they held is given back a moment later; until then the next test's own answers might be refused.
  await roomIsBack();
});

/** All that one database may have: nobody holds anything any more. */
const roomIsBack = () =>
  waitUntil("there is room for two", async () => {
    const answers = await Promise.all([askWhole(large), askWhole(large)]);
    return answers.every(({ status: code }) => code === 200);
  });

/** More than the operating system takes over by itself. */
const large = `select repeat('x', ${16 * mebibyte}) as x`;
const bodyOf = (sql: string) => JSON.stringify({ sql });

/** Asks and takes nothing of the answer, not even its head. */
async function askAndWait(sql: string, given: CreatedDatabase = database): Promise<Socket> {
  const socket = await dial(port);
  socket.pause();
  socket.on("error", () => {});
  sockets.push(socket);
  const body = bodyOf(sql);
  socket.write(
    `POST /v1/db/${given.id}/query HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${given.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

const askWhole = (sql: string, path = "query", headers = {}, given = database): Promise<Answer> => {
  const body = path === "sql" ? JSON.stringify({ query: sql }) : bodyOf(sql);
  return ask({
    port,
    method: "POST",
    path: `/v1/db/${given.id}/${path}`,
    headers: {
      authorization: `Bearer ${given.token}`,
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      ...headers,
    },
    body,
  });
};

async function workerMegabytes(): Promise<number> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    if (Number(parent) !== status.pid || !command.includes("postern-worker")) continue;
    const text = await readFile(`/proc/${pid}/status`, "latin1");
    return Number(/VmRSS:\s+(\d+)/.exec(text)![1]) / 1024;
  }
  throw new Error("there is no worker");
}

/** Readers who take nothing, one after the other, until no large answer fits beside theirs. */
const roomIsTaken = () =>
  waitUntil("large answers are refused", async () => {
    const isRefused = async () => (await askWhole(large)).status === 503;
    if ((await isRefused()) && (await isRefused())) return true;
    await askAndWait(large);
    return false;
  });

const codeOf = ({ text }: Answer) => (JSON.parse(text) as { code?: string }).code;

it("refuses what does not fit beside answers that nobody takes, and serves small answers on", async () => {
  const before = await workerMegabytes();
  for (let n = 0; n < 16; n += 1) await askAndWait(large);
  await roomIsTaken();
  const refused = await askWhole(large);
  expect([refused.status, codeOf(refused)]).toEqual([503, "Y1040"]);
  expect(refused.headers["retry-after"]).toBe("1");
  expect((await askWhole("select 1 as a")).status).toBe(200);
  // Sixteen answers would be 256 MiB; and what is being read is held once more while it becomes JSON.
  expect((await workerMegabytes()) - before).toBeLessThan(roomMebibytes + 60);
});

it("is refused alike by every way that answers as a whole", async () => {
  const { direct } = await postern.api<DatabaseUrls>("GET", `/v1/databases/${database.id}/urls`);
  for (let n = 0; n < 3; n += 1) await askAndWait(large);
  await roomIsTaken();
  const answers = await Promise.all([
    askWhole(large),
    askWhole(large, "execute"),
    askWhole(large, "sql", { "neon-connection-string": direct }),
    // Answered by the daemon, which has memory of its own.
    askWhole(large, "query", { "server-timing": "on" }),
  ]);
  expect(answers.map(({ status: code }) => code)).toEqual([503, 503, 503, 200]);
  expect(answers.slice(0, 3).map(codeOf)).toEqual(["Y1040", "Y1040", "Y1040"]);
  const lines = await askWhole(large, "query", { accept: "application/x-ndjson" });
  expect([lines.status, lines.text.length > 16 * mebibyte]).toEqual([200, true]);
});

it("leaves half of the room to other databases", async () => {
  const other = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "other" });
  for (let n = 0; n < 3; n += 1) await askAndWait(large);
  await roomIsTaken();
  expect((await askWhole(large, "query", {}, other)).status).toBe(200);
});

it("cuts off who takes nothing, and gives back what he held", async () => {
  await roomIsTaken();
  const waiting = [...sockets];
  await roomIsBack();
  for (const socket of waiting) {
    let taken = 0;
    const isClosed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("data", (piece: Buffer) => (taken += piece.length)).resume();
    await isClosed;
    // What the operating system had taken over, and no more.
    expect(taken).toBeLessThan(16 * mebibyte);
  }
});

it("answers that some take slowly and some leave in the middle hold nobody else's rows", async () => {
  const sqlOf = (tag: string) => `select n, repeat('${tag}', 12) as tag from generate_series(1, 4000) n`;
  let round = 0;
  const reader = async (): Promise<void> => {
    for (let turn = 0; turn < 12; turn++) {
      const tag = String(++round).padStart(6, "0");
      if (turn % 4 === 3) {
        const socket = await askAndWait(sqlOf(tag));
        socket.once("data", () => socket.destroy());
        socket.resume();
        continue;
      }
      const answer = await askWhole(sqlOf(tag));
      const { rows } = JSON.parse(answer.text) as { rows: { n: number; tag: string }[] };
      expect(rows).toHaveLength(4000);
      expect(rows.every((row, index) => row.n === index + 1 && row.tag === tag.repeat(12))).toBe(true);
    }
  };

  await Promise.all(Array.from({ length: 6 }, reader));
});
