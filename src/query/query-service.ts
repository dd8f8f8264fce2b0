/** In charge of the data plane: SQL over HTTP for all databases, each with sessions of its own. */
import type { QueryRequest, TransactionRequest } from "@postern/sdk/protocol";
import type { Limits } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import type { DatabaseAddress } from "../instances/database-address.ts";
import type { Platform } from "../instances/platform.ts";
import { type EncodedAnswer, encodedAnswer } from "./encoded-answer.ts";
import { findAddress } from "./find-address.ts";
import { createQueryContext, type QueryContext, type QueryOptions } from "./query-context.ts";
import { runQuery, type StatementKind } from "./run-query.ts";
import { runTransaction } from "./run-transaction.ts";

export interface QueryTarget {
  databaseId: DatabaseId;
}

export interface QueryService {
  query(target: QueryTarget, request: QueryRequest, options?: QueryOptions): Promise<EncodedAnswer>;
  execute(target: QueryTarget, request: QueryRequest, options?: QueryOptions): Promise<EncodedAnswer>;
  transaction(
    target: QueryTarget,
    request: TransactionRequest,
    options?: QueryOptions,
  ): Promise<EncodedAnswer>;
  /**
   * Ends all sessions of the database and forgets where it is: before it is destroyed, restored or moved. Requests
   * under way fail with Y3004; the next one looks the database up again.
   */
  closeDatabase(databaseId: DatabaseId): Promise<void>;
  close(): Promise<void>;
}

export interface QueryServiceOptions {
  limits: Limits;
  /** Where a database is. @throws when it can take no requests */
  findAddress(databaseId: DatabaseId): Promise<DatabaseAddress>;
}

const idleCheckMs = 10_000;

export const openQueryService = (platform: Pick<Platform, "state" | "config">): QueryService =>
  createQueryService({
    limits: platform.config.limits,
    findAddress: (databaseId) => findAddress(platform, databaseId),
  });

export function createQueryService({ limits, findAddress }: QueryServiceOptions): QueryService {
  const contexts = new Map<DatabaseId, Promise<QueryContext>>();
  /** Those that are there, for the hot path: no turn of the event loop is waited for what is at hand. */
  const opened = new Map<DatabaseId, QueryContext>();

  const closeIdle = setInterval(() => {
    for (const context of contexts.values()) {
      context
        .then(({ pool, shared }) => {
          pool.closeIdle();
          shared.closeIdle();
        })
        .catch(() => {});
    }
  }, idleCheckMs).unref();

  async function openContext(databaseId: DatabaseId): Promise<QueryContext> {
    return createQueryContext(await findAddress(databaseId), limits);
  }

  async function contextOf(databaseId: DatabaseId): Promise<QueryContext> {
    const known = contexts.get(databaseId);
    if (known) return known;
    const opening = openContext(databaseId);
    contexts.set(databaseId, opening);
    try {
      const context = await opening;
      if (contexts.get(databaseId) === opening) opened.set(databaseId, context);
      return context;
    } catch (error) {
      if (contexts.get(databaseId) === opening) contexts.delete(databaseId);
      throw error;
    }
  }

  async function closeDatabase(databaseId: DatabaseId): Promise<void> {
    const context = contexts.get(databaseId);
    // Out of the map first: a request that comes now looks the database up again.
    contexts.delete(databaseId);
    opened.delete(databaseId);
    const last = await context?.catch(() => undefined);
    await Promise.all([last?.pool.close(closedError()), last?.shared.close(closedError())]);
  }

  const runStatement =
    (kind: StatementKind): QueryService["query"] =>
    async ({ databaseId }, request, options = {}) => {
      const context = opened.get(databaseId) ?? (await contextOf(databaseId));
      return encodedAnswer(await runQuery(context, kind, request, options));
    };

  return {
    query: runStatement("query"),
    execute: runStatement("execute"),
    transaction: async ({ databaseId }, request, options = {}) => {
      const context = opened.get(databaseId) ?? (await contextOf(databaseId));
      return encodedAnswer(await runTransaction(context, request, options));
    },
    closeDatabase,
    close: async () => {
      clearInterval(closeIdle);
      await Promise.all([...contexts.keys()].map(closeDatabase));
    },
  };
}

const closedError = () =>
  posternError("Y3004", "The database was taken out of service while the request ran.", {
    hint: "It is being restored, moved or destroyed; try again in a while.",
  });
