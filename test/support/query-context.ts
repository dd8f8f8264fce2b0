/** In charge of a data plane's context for tests that look behind the query service. */
import type { JsonValue, QueryRequest } from "@postern/sdk/protocol";
import type { Limits } from "../../src/base/config.ts";
import { posternError } from "../../src/base/error.ts";
import type { DatabaseAddress } from "../../src/instances/database-address.ts";
import { createQueryContext, type QueryContext, type QueryOptions } from "../../src/query/query-context.ts";
import { runQuery } from "../../src/query/run-query.ts";
import { runTransaction } from "../../src/query/run-transaction.ts";
import { StatementBook } from "../../src/query/shared/statement-book.ts";
import { queryLimits, type Result } from "./query-fixture.ts";
import { waitUntil } from "./wait-until.ts";

export interface DataPlane {
  context: QueryContext;
  /** The answer as it is sent. */
  queryText(sql: string, params?: JsonValue[], options?: QueryOptions): Promise<string>;
  query(sql: string, params?: JsonValue[], options?: QueryOptions): Promise<Result>;
  transaction(statements: (string | QueryRequest)[], options?: QueryOptions): Promise<{ results: Result[] }>;
  /** Waits until the statements share sessions. */
  share(...statements: string[]): Promise<void>;
  /** The same plane, in which every statement has a session to itself. */
  alone(): DataPlane;
  close(): Promise<void>;
}

/** `connectionsPerDatabase`: a third of them, but at least one, is for statements that are alone. */
export function openDataPlane(address: DatabaseAddress, limits: Partial<Limits> = {}): DataPlane {
  return planeOf(createQueryContext(address, { ...queryLimits, ...limits }));
}

function planeOf(context: QueryContext): DataPlane {
  const queryText: DataPlane["queryText"] = async (sql, params = [], options = {}) =>
    Buffer.concat(await runQuery(context, "query", { sql, params }, options)).toString("utf8");
  return {
    context,
    queryText,
    query: async (sql, params, options) => JSON.parse(await queryText(sql, params, options)),
    async transaction(statements, options = {}) {
      const requests = statements.map((one) => (typeof one === "string" ? { sql: one } : one));
      const chunks = await runTransaction(context, { statements: requests }, options);
      return JSON.parse(Buffer.concat(chunks).toString("utf8"));
    },
    async share(...statements) {
      const isShared = (sql: string) => context.book.findShared(sql, performance.now()) !== undefined;
      await Promise.all(
        statements.map((sql) => waitUntil(`${sql} shares sessions`, async () => isShared(sql), 10_000)),
      );
    },
    alone() {
      // Where the catalog cannot be asked, nothing is shared.
      const book = new StatementBook({
        ask: async () => undefined,
        onCatalogChange: () => {},
        audience: "owner",
      });
      return planeOf({ ...context, book });
    },
    async close() {
      const because = posternError("Y3004", "The test is over.");
      await Promise.all([context.pool.close(because), context.shared.close(because)]);
    },
  };
}
