/**
 * In charge of load on an HTTP server, from a process of its own: as many keep-alive connections as asked for, each
 * sending its next request when the last is answered. Raw sockets, so that the load costs little beside what is measured.
 * Reads an `HttpLoad` from stdin, prints an `HttpLoadResult`, both as JSON.
 */
import { connect } from "node:net";
import { json } from "node:stream/consumers";

export interface HttpLoad {
  port: number;
  connections: number;
  seconds: number;
  warmupSeconds: number;
  path: string;
  headers: Record<string, string>;
  /** Sent in turn. */
  bodies: string[];
}

export interface HttpLoadResult {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers with another status than 200. */
  failures: number;
}

const load = (await json(process.stdin)) as HttpLoad;
const requests = load.bodies.map((body) => {
  const head = Object.entries({
    host: "127.0.0.1",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...load.headers,
  });
  return Buffer.from(
    `POST ${load.path} HTTP/1.1\r\n${head.map((pair) => `${pair.join(": ")}\r\n`).join("")}\r\n${body}`,
  );
});
const startedAt = performance.now();
const measureFrom = startedAt + load.warmupSeconds * 1000;
const endAt = measureFrom + load.seconds * 1000;
const latencies: number[] = [];
let failures = 0;

function run(first: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(load.port, "127.0.0.1");
    socket.setNoDelay(true);
    let next = first;
    let sentAt = 0;
    let awaited = 0;
    let received = 0;
    const send = () => {
      sentAt = performance.now();
      awaited = 0;
      received = 0;
      socket.write(requests[next++ % requests.length]!);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      received += chunk.length;
      if (awaited === 0) awaited = answerBytes(chunk);
      if (received < awaited) return;
      const now = performance.now();
      if (now >= endAt) {
        socket.destroy();
        resolve();
        return;
      }
      if (now >= measureFrom) latencies.push(now - sentAt);
      send();
    });
  });
}

/** Length of head and body; the head comes in one piece, as servers send it. */
function answerBytes(chunk: Buffer): number {
  const headEnd = chunk.indexOf("\r\n\r\n");
  const head = chunk.toString("latin1", 0, headEnd);
  if (!head.startsWith("HTTP/1.1 200")) failures++;
  const length = /\r\ncontent-length: (\d+)/i.exec(head);
  if (!length) throw new Error(`An answer without content-length:\n${head}`);
  return headEnd + 4 + Number(length[1]);
}

const spread = Math.floor(requests.length / load.connections) || 1;
await Promise.all(Array.from({ length: load.connections }, (_, index) => run(index * spread)));
latencies.sort((a, b) => a - b);
const at = (share: number) =>
  Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 1000) / 1000;
const result: HttpLoadResult = {
  requestsPerSecond: Math.round(latencies.length / load.seconds),
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  failures,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
