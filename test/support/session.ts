/** In charge of one session on a connection URL, for as long as the work takes. */
import pg from "pg";

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
