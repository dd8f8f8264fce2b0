/**
 * In charge of the connection to Postern's own tables. Rows come back as the `…Row` types of the files beside this
 * one, in the snake_case of SQL; nothing above this folder writes SQL against these tables.
 */
import pg from "pg";
import { connectionFailures } from "../base/connection-failures.ts";
import { hasCode, PosternError, posternError } from "../base/error.ts";

/** What both a pool and one connection in a transaction can do. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
}

export class State implements Queryable {
  readonly pool: pg.Pool;

  /** @param options.isRemote a network is between: what does not answer for long is given up */
  constructor(options: { socketDirectory: string; user: string; database: string; isRemote?: boolean }) {
    this.pool = new pg.Pool({
      host: options.socketDirectory,
      port: 5432,
      user: options.user,
      database: options.database,
      max: 10,
      application_name: "posternd",
      ...(options.isRemote && { query_timeout: 20_000, connectionTimeoutMillis: 10_000 }),
    });
    // An idle connection that dies with its server is replaced at the next use; the error event must have a listener.
    this.pool.on("error", () => {});
    this.pool.on("connect", (client) => client.on("error", () => {}));
  }

  query<Row extends pg.QueryResultRow>(
    sql: string,
    params: readonly unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    return this.pool.query<Row>(sql, params as unknown[]).catch(explainUnreachable);
  }

  /** Runs `work` in one transaction; whatever it throws rolls back and is thrown on. */
  async transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect().catch(explainUnreachable);
    let broken: Error | undefined;
    try {
      await client.query("begin");
      const result = await work({ query: (sql, params = []) => client.query(sql, params as unknown[]) });
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch((failure: Error) => {
        broken = failure;
      });
      return explainUnreachable(error);
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** Postern's own server is being started again: that passes, and the caller may try again. @throws Y4001, or what it was */
export function explainUnreachable(error: unknown): never {
  if (error instanceof PosternError) throw error;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  const gone =
    hasCode(error, ...connectionFailures) ||
    (code === "ENOENT" && syscall === "connect") ||
    // A server that was the primary until a moment ago.
    code === "25006" ||
    /Connection terminated|timeout exceeded|Query read timeout|connection error and is not queryable/.test(
      message,
    );
  if (!gone) throw error;
  throw posternError("Y4001", "Postern's own database does not answer.", {
    detail: message,
    hint: "It is being started again, or another server takes its place; try again in a moment.",
    cause: error,
  });
}
