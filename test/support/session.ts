/** In charge of one session on a connection URL, for as long as the work takes. */
import { Client } from "@neondatabase/serverless";
import pg from "pg";
import { WebSocket } from "ws";

export async function withSession<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  // A session that the server ends fails its query; without a listener it would end the test run.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Rows of one statement in a session of its own. */
export function rowsOf(url: string, sql: string, values?: unknown[]): Promise<unknown[]> {
  return withSession(url, async (client) => (await client.query(sql, values)).rows);
}

/** As the Neon driver does it, through `/v2` of this `host:port`. */
export async function rowsByWebSocket(host: string, url: string, sql: string): Promise<unknown[]> {
  const client = new Client(url);
  client.on("error", () => {});
  Object.assign(client.neonConfig, {
    wsProxy: () => `${host}/v2`,
    useSecureWebSocket: false,
    webSocketConstructor: WebSocket,
    pipelineConnect: false,
  });
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}
