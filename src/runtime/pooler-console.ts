/** In charge of PgBouncer's administration console: one short connection a command. */
import pg from "pg";
import { messageOf, posternError } from "../base/error.ts";

type ConsoleCommand = "kill" | "pause" | "resume";

const serverStates = ["sv_active", "sv_idle", "sv_used", "sv_tested"] as const;

type PoolRow = Record<"database" | "sv_login" | (typeof serverStates)[number], string>;

/** Said of a database that has no entry or no connection, or is in the wanted state already: nothing to do. */
const harmless =
  /no such database|client not found|not paused|already (suspended|paused)|database .* is not paused/i;

export class PoolerConsole {
  readonly #login: { host: string; port: number; user: string; password: string };

  constructor(login: { host: string; port: number; user: string; password: string }) {
    this.#login = login;
  }

  /** @throws Y8001 when the console cannot be reached or refuses. */
  async run(command: string, timeoutMs?: number): Promise<void> {
    const client = new pg.Client({ ...this.#login, database: "pgbouncer", connectionTimeoutMillis: 5_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      const done = client.query(command);
      // An unanswered PAUSE goes on in PgBouncer; whoever asked has waited long enough.
      if (timeoutMs === undefined) await done;
      else await Promise.race([done, new Promise((resolve) => setTimeout(resolve, timeoutMs).unref())]);
      done.catch(() => {});
    } catch (error) {
      if (harmless.test(messageOf(error))) return;
      throw posternError("Y8001", "PgBouncer's console refused or did not answer.", {
        detail: messageOf(error),
        cause: error,
      });
    } finally {
      client.end().catch(() => {});
    }
  }

  /** Names of databases come from Postern's own ids (`db_` and hex digits). */
  async runOn(command: ConsoleCommand, database: string, timeoutMs?: number): Promise<void> {
    await this.run(`${command} ${pg.escapeIdentifier(database)}`, timeoutMs);
  }

  /** One after the other on one connection: hardly anything happens in between. @throws Y8001 */
  async reconnectUnlessLoggingIn(database: string): Promise<boolean> {
    const client = new pg.Client({ ...this.#login, database: "pgbouncer", connectionTimeoutMillis: 5_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      const { rows } = await client.query<PoolRow>("show pools");
      const pools = rows.filter((row) => row.database === database);
      if (pools.some((row) => Number(row.sv_login) > 0)) return false;
      const servers = pools.reduce(
        (sum, row) => sum + serverStates.reduce((all, key) => all + Number(row[key]), 0),
        0,
      );
      if (servers > 0) await client.query(`reconnect ${pg.escapeIdentifier(database)}`);
      return true;
    } catch (error) {
      throw posternError("Y8001", "PgBouncer's console refused or did not answer.", {
        detail: messageOf(error),
        cause: error,
      });
    } finally {
      client.end().catch(() => {});
    }
  }

  /** What a `show` command shows. @throws what `pg` throws */
  async show<Row extends pg.QueryResultRow>(command: `show ${string}`): Promise<Row[]> {
    const client = new pg.Client({ ...this.#login, database: "pgbouncer", connectionTimeoutMillis: 2_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      return (await client.query<Row>(command)).rows;
    } finally {
      client.end().catch(() => {});
    }
  }

  async answers(): Promise<boolean> {
    return this.run("show version").then(
      () => true,
      () => false,
    );
  }
}
