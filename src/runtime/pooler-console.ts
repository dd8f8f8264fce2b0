/** In charge of PgBouncer's administration console: one short connection a command. */
import pg from "pg";
import { sleep } from "../base/clock.ts";
import { messageOf, posternError } from "../base/error.ts";

type ConsoleCommand = "kill" | "pause" | "resume";

const serverStates = ["sv_active", "sv_idle", "sv_used", "sv_tested"] as const;

type PoolRow = Record<"database" | "sv_login" | (typeof serverStates)[number], string>;

const hasServers = (row: PoolRow): boolean => serverStates.some((state) => Number(row[state]) > 0);

const lookEveryMs = 5;

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

  /** False when one is still logging in after `patienceMs`. @throws Y8001 */
  async reconnectUnlessLoggingIn(database: string, patienceMs: number): Promise<boolean> {
    const client = new pg.Client({ ...this.#login, database: "pgbouncer", connectionTimeoutMillis: 5_000 });
    client.on("error", () => {});
    const deadline = performance.now() + patienceMs;
    try {
      await client.connect();
      for (;;) {
        const { rows } = await client.query<PoolRow>("show pools");
        const pools = rows.filter((row) => row.database === database);
        if (!pools.some((row) => Number(row.sv_login) > 0)) {
          if (pools.some(hasServers)) await client.query(`reconnect ${pg.escapeIdentifier(database)}`);
          return true;
        }
        if (performance.now() >= deadline) return false;
        await sleep(lookEveryMs);
      }
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
