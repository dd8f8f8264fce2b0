/** In charge of subjects that answer over HTTP: one checked answer, then load on them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { serverProcesses } from "../load/processor-time.ts";
import { runHttpLoad } from "../load/run-load.ts";
import type { Workload } from "../workloads.ts";
import { type Ground, type LoadAmount, type Subject, warmupSeconds } from "./subject.ts";

/** Servers run for days; what they compile in their first seconds is not what is compared. */
const compilingSeconds = 8;

export interface HttpRequests {
  path: string;
  headers: Record<string, string>;
  /** Bearer tokens that the requests take in turn; none where the headers say it all. */
  tokens?: string[];
  bodies: string[];
}

export interface HttpServer {
  port: number;
  pid: number;
  /** Undefined: it has no route that does this. */
  requestsOf(workload: Workload): HttpRequests | undefined;
}

export const httpSubject = (name: string, { port, pid, requestsOf }: HttpServer): Subject => ({
  name,
  async prepare(workload) {
    const requests = requestsOf(workload);
    if (!requests) return undefined;
    await check(port, requests, workload, name);
    const run = ({ connections, seconds }: LoadAmount) =>
      runHttpLoad({
        ...requests,
        port,
        connections,
        seconds,
        warmupSeconds,
        serverPids: serverProcesses(pid),
      });
    await run({ connections: 16, seconds: compilingSeconds });
    return run;
  },
});

/** A server that refuses is fast. GraphQL tells errors with status 200 as well. */
async function check(
  port: number,
  { path, headers, tokens, bodies }: HttpRequests,
  { name, witness }: Workload,
  subject: string,
): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: {
      ...headers,
      ...(tokens && { authorization: `Bearer ${tokens[0]}` }),
      "content-type": "application/json",
    },
    body: bodies[0]!,
  });
  const text = await answer.text();
  if (!answer.ok || text.includes('"errors"') || !text.includes(witness ?? ""))
    throw new Error(`${subject} does not answer "${name}": ${answer.status} ${text.slice(0, 500)}`);
}

/** What Postern's routes take; the servers made for the comparison take the same. */
export const plainRequests = ({ route, requests }: Workload): HttpRequests => ({
  path: route,
  headers: {},
  bodies: requests.map((statements) =>
    JSON.stringify(route === "/transaction" ? { statements } : statements[0]),
  ),
});

/** Starts one of the servers made for the comparison, which print their port. */
export async function startServer(
  name: string,
  { pool, onClose }: Ground,
): Promise<{ port: number; pid: number }> {
  const program = fileURLToPath(new URL(`../servers/${name}.js`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(pool)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  onClose(() => void child.kill());
  const failed = once(child, "exit").then(() => Promise.reject(new Error(`${name} ended at its start.`)));
  // Its end after the start is nobody's failure.
  failed.catch(() => {});
  const [port] = await Promise.race([once(child.stdout!, "data"), failed]);
  return { port: Number(port), pid: child.pid! };
}
