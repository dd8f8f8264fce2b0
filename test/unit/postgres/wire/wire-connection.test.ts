import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sync } from "../../../../src/postgres/wire/frontend-messages.ts";
import { openConnection } from "../../../../src/postgres/wire/open-connection.ts";
import { socketPath } from "../../../../src/postgres/wire/wire-connection.ts";

const frame = (type: string, ...parts: (string | number[])[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
};

/** What a server answers to two batches: rows with text of many bytes a character, a notice; and an error. */
const answer = Buffer.concat([
  frame("1"),
  frame("t", [0, 1, 0, 0, 0, 23]),
  frame("T", [0, 1], "n\0", [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]),
  frame("2"),
  frame("D", [0, 1, 0, 0, 0, 6], "é😀"),
  frame("N", "SNOTICE\0\0"),
  frame("D", [0, 1, 255, 255, 255, 255]),
  frame("C", "SELECT 2\0"),
  frame("Z", "I"),
  frame("E", "SERROR\0C22012\0Mdivision by zero\0\0"),
  frame("Z", "E"),
]);
const heard = [
  "types 23",
  "description 22",
  "row 12 é😀",
  "row 6 ",
  "complete SELECT 2",
  "ready I",
  "error 22012 division by zero",
  "ready E",
];

let folder: string;
let server: Server;
const sockets = new Set<Socket>();
/** How the server cuts its next answer. */
let cuts: number[] = [];
const inTurn = () => new Promise((resolve) => setImmediate(resolve));

async function answerInPieces(socket: Socket): Promise<void> {
  let from = 0;
  for (const to of [...cuts, answer.length]) {
    if (to > from) await new Promise((resolve) => socket.write(answer.subarray(from, to), resolve));
    // The client reads before the next piece comes.
    await inTurn();
    from = to;
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wire-"));
  server = createServer((socket) => {
    sockets.add(socket);
    socket.once("data", () => {
      socket.write(
        Buffer.concat([frame("R", [0, 0, 0, 0]), frame("K", [0, 0, 0, 1, 0, 0, 0, 2]), frame("Z", "I")]),
      );
      socket.on("data", () => void answerInPieces(socket));
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(socketPath({ host: folder, port: 1 }), resolve));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const open = () =>
  openConnection({ host: folder, port: 1, database: "d", user: "u", settings: {}, timeoutMs: 5_000 });

/** Sends two batches and returns what their exchanges heard. */
function listen(connection: Awaited<ReturnType<typeof open>>): Promise<string[]> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const exchange = (onReady: (status: string) => void) => ({
      byteLimit: 10_000,
      onParameterTypes: (types: number[]) => said.push(`types ${types}`),
      onRowDescription: (_: Buffer, start: number, end: number) => said.push(`description ${end - start}`),
      onDataRow: (buffer: Buffer, start: number, end: number) =>
        said.push(`row ${end - start} ${buffer.toString("utf8", start + 6, end)}`),
      onCommandComplete: (tag: string) => said.push(`complete ${tag}`),
      onError: (error: { code: string; message: string }) =>
        said.push(`error ${error.code} ${error.message}`),
      onReady,
      onClose: reject,
    });
    const first = exchange((status) => said.push(`ready ${status}`));
    const last = exchange((status) => resolve([...said, `ready ${status}`]));
    connection.send(sync, first as never, last as never);
  });
}

describe("WireConnection", () => {
  it("hears the same wherever an answer is cut in two", async () => {
    const connection = await open();
    for (let at = 0; at < answer.length; at++) {
      cuts = [at];
      expect(await listen(connection), `cut at ${at}`).toEqual(heard);
    }
    connection.close();
  });

  it("hears the same when an answer comes byte by byte", async () => {
    const connection = await open();
    cuts = Array.from(answer, (_, index) => index);
    expect(await listen(connection)).toEqual(heard);
    connection.close();
  });
});
