/** In charge of opening one session by `pg`, in such a way that nothing of it stays behind when that fails. */
import pg from "pg";

/** @throws what `pg` throws; the socket is closed by then. */
export async function openClient(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  // A connection that is lost makes the statement under way fail, which tells enough; the event only must not go unheard.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}
