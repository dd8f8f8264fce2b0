/** In charge of asking a running server for the major of its Postgres. */
import type pg from "pg";

export async function serverMajor(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ major: number }>(
    "select current_setting('server_version_num')::int / 10000 as major",
  );
  return rows[0]!.major;
}
