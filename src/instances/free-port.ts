/** In charge of finding a TCP port that nothing listens on. */
import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { sleep } from "../base/clock.ts";
import { posternError } from "../base/error.ts";

/** The first port from `from` on that is free and not in `taken`. @throws Y0004 */
export async function freePort(from: number, taken: ReadonlySet<number>, listen: string): Promise<number> {
  for (let port = from; port < 65_536; port += 1) {
    if (!taken.has(port) && (await canListen(port, listen))) return port;
  }
  throw posternError("Y0004", `No free port from ${from} on.`);
}

const firstLastingPort = 10_240;
/** Room above it for the servers that count up from it. */
const roomAbove = 2_000;

/**
 * A free port that can be kept. The operating system gives those of a range of its own to whoever goes out or asks for
 * any, so a port of that range can be another's at the next start.
 */
export async function lastingPort(listen: string, taken: ReadonlySet<number> = new Set()): Promise<number> {
  const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8").catch(() => "");
  const end = (Number(range.split(/\s+/)[0]) || 32_768) - roomAbove;
  for (let attempt = 0; attempt < 100 && end > firstLastingPort; attempt += 1) {
    const port = randomInt(firstLastingPort, end);
    if (!taken.has(port) && (await canListen(port, listen))) return port;
  }
  return anyFreePort(listen);
}

/** Any free port, chosen by the operating system. Nobody keeps it until it is listened on. */
export function anyFreePort(listen: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, listen, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

export function canListen(port: number, listen: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, listen, () => server.close(() => resolve(true)));
  });
}

const lookEveryMs = 50;

/** Whoever has it may be about to end. */
export async function isFreeWithin(port: number, listen: string, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (!(await canListen(port, listen))) {
    if (performance.now() > deadline) return false;
    await sleep(lookEveryMs);
  }
  return true;
}
