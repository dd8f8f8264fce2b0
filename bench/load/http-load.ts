/**
 * In charge of load on an HTTP server, from a process of its own: as many keep-alive connections as asked for, each
 * sending its next request when the last is answered. Raw sockets, so that the load costs little beside what is measured.
 * Reads an `HttpLoad` from stdin, prints a `LoadResult`, both as JSON.
 */
import { connect } from "node:net";
import { json } from "node:stream/consumers";
import { AnswerReader } from "./answer-reader.ts";
import { type LoadTime, Recording } from "./recording.ts";

export interface HttpLoad extends LoadTime {
  port: number;
  connections: number;
  path: string;
  headers: Record<string, string>;
  /** Bearer tokens that the requests take in turn. */
  tokens?: string[];
  /** Sent in turn. */
  bodies: string[];
}

const load = (await json(process.stdin)) as HttpLoad;
/** Each body with each token in turn: one who always asks the same is still many users. */
const count = Math.max(load.bodies.length, load.tokens?.length ?? 0);
const requests = Array.from({ length: count }, (_, index) => {
  const body = load.bodies[index % load.bodies.length]!;
  const token = load.tokens?.[index % load.tokens.length];
  const head = Object.entries({
    host: "127.0.0.1",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...load.headers,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  });
  return Buffer.from(
    `POST ${load.path} HTTP/1.1\r\n${head.map((pair) => `${pair.join(": ")}\r\n`).join("")}\r\n${body}`,
  );
});
const recording = new Recording(load);
let failures = 0;

function run(first: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(load.port, "127.0.0.1");
    const reader = new AnswerReader();
    socket.setNoDelay(true);
    let next = first;
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(requests[next++ % requests.length]!);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("end", () => reject(new Error("The server closed a connection.")));
    socket.on("data", (bytes) => {
      if (!reader.push(bytes)) return;
      if (reader.status !== 200) failures++;
      if (recording.note(sentAt)) return send();
      socket.destroy();
      resolve();
    });
  });
}

const spread = Math.floor(requests.length / load.connections) || 1;
await Promise.all(Array.from({ length: load.connections }, (_, index) => run(index * spread)));
process.stdout.write(`${JSON.stringify(recording.result(failures))}\n`);
