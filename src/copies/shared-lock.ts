/** In charge of work on one thing at a time by whichever control plane: a lock of this daemon's, and one of the database's behind it. */
import pg from "pg";
import { KeyedLock } from "../base/keyed-lock.ts";
import { explainUnreachable } from "../state/state.ts";

/** What concerns this machine alone. */
const ownKeys = new Set(["gate"]);

export class SharedLock extends KeyedLock {
  #connection: pg.ClientConfig | undefined;

  /** Before this it is a lock among the parts of one daemon. */
  share(connection: pg.ClientConfig): void {
    this.#connection = connection;
  }

  override run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const connection = this.#connection;
    if (!connection || ownKeys.has(key)) return super.run(key, work);
    return super.run(key, () => withSharedLock(connection, key, work));
  }
}

/** In a session of its own: it ends with this daemon, whatever becomes of it. */
async function withSharedLock<Result>(
  connection: pg.ClientConfig,
  key: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    ...connection,
    application_name: "postern lock",
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => {});
  await client.connect().catch(explainUnreachable);
  try {
    await client
      .query("select pg_advisory_lock(hashtext('postern lock'), hashtext($1))", [key])
      .catch(explainUnreachable);
    return await work();
  } finally {
    await client.end().catch(() => {});
  }
}
