/** In charge of the example's fleet for a test: two control planes and two gateways, each on a host of its own, behind a balancer. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { PosternError } from "@postern/sdk/error";
import type { ErrorBody } from "@postern/sdk/protocol";
import pg from "pg";

const run = promisify(execFile);
const program: string[] = JSON.parse(process.env.POSTERN_SCALE_FLEET!);
/** One of the example's commands. */
export const command = async (...words: string[]): Promise<string> =>
  (await run(process.execPath, [...program, ...words])).stdout;

export type Host = "c1" | "c2" | "g1" | "g2";

export interface Call {
  method?: string;
  path: string;
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

export interface Fleet {
  /** Of the authority that has signed everything. */
  ca: string;
  /** By the balancer. @throws what it answers, and what broke the connection */
  call<Result>(call: Call): Promise<Result>;
  /** A session at the Postgres of all databases, as its administrator. */
  connect(): Promise<pg.Client>;
  close(): void;
}

export async function openFleet(): Promise<Fleet> {
  const { POSTERN_API_URL, POSTERN_API_KEY, POSTERN_CA_CERT } = process.env;
  const ca = await readFile(POSTERN_CA_CERT!, "utf8");
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 64 });
  const { hostname: host, port } = new URL(POSTERN_API_URL!);
  const dsn = (await command("dsn")).trim();
  return {
    ca,
    call: ({ method = "POST", path, body, token = POSTERN_API_KEY!, headers = {} }) =>
      send({
        agent,
        host,
        port: Number(port),
        method,
        path,
        content: body === undefined ? "" : JSON.stringify(body),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
      }),
    async connect() {
      const client = new pg.Client({ connectionString: dsn, ssl: { ca } });
      await client.connect();
      return client;
    },
    close: () => agent.destroy(),
  };
}

interface Request {
  agent: Agent;
  host: string;
  port: number;
  method: string;
  path: string;
  content: string;
  headers: Record<string, string>;
}

const answerWithinMs = 60_000;

function send<Result>({ content, ...options }: Request): Promise<Result> {
  return new Promise((resolve, reject) => {
    const headers = { ...options.headers, "content-length": String(Buffer.byteLength(content)) };
    const request = httpsRequest({ ...options, headers, timeout: answerWithinMs }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.once("error", reject);
      answer.once("end", () => {
        const body = text === "" ? undefined : JSON.parse(text);
        if (answer.statusCode! < 300) resolve(body as Result);
        else reject(PosternError.fromBody(body as ErrorBody, answer.statusCode));
      });
    });
    request.once("timeout", () => request.destroy(new Error("no answer in time")));
    request.once("error", reject);
    request.end(content);
  });
}
