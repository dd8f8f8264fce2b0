/** In charge of a database's data from the caller's side: SQL, structured queries, and requests in one transaction. */
import { type CallOptions, callServer, type ServerOptions } from "./call-server.ts";
import type {
  ExecuteResult,
  JsonValue,
  QueryResult,
  RecordQuery,
  TransactionRequest,
  TransactionResult,
} from "./protocol.ts";
import type { Records } from "./typed-records.ts";
import {
  type RequestContext,
  type RequestSource,
  runRequest,
  type WithRequestOptions,
} from "./with-request.ts";

export type { CallOptions } from "./call-server.ts";
export type { Records, RowOf, TypedQuery, TypedTableName } from "./typed-records.ts";
export type { RequestContext, RequestSource, WithRequestOptions } from "./with-request.ts";

/** `url`: the database's own address (DATABASE_HTTP_URL), or `<API address>/v1/db/<id>`. */
export type ClientOptions = ServerOptions;

export interface SqlCallOptions extends CallOptions {
  /** Each row as an array of its values: two columns of one name are two. */
  rowsAsArrays?: boolean | undefined;
}

export interface RecordCallOptions extends CallOptions {
  /** A write with the same key is done once, however often it is sent; made for each write when absent. */
  idempotencyKey?: string | undefined;
}

export type Client<Schema = unknown> = ReturnType<typeof createClient<Schema>>;

export function createClient<Schema = unknown>(server: ClientOptions) {
  const post = <Result>(route: string, body: unknown, { rowsAsArrays, ...options }: SqlCallOptions = {}) => {
    const path = rowsAsArrays === true ? `${route}?rows=array` : route;
    return callServer<Result>(server, { path, body, ...options });
  };
  const db: Records<Schema, RecordCallOptions> = {
    query: ((body: RecordQuery, options: RecordCallOptions = {}) => {
      const idempotencyKey =
        body.operation === "select" ? undefined : (options.idempotencyKey ?? crypto.randomUUID());
      return callServer(server, { path: "/records", body, ...options, idempotencyKey, isRepeatable: true });
    }) as Records<Schema, RecordCallOptions>["query"],
  };
  return {
    /** Runs one statement and answers its rows. */
    query: <Row = Record<string, JsonValue>>(
      sql: string,
      params: JsonValue[] = [],
      options?: SqlCallOptions,
    ) => post<QueryResult<Row>>("/query", { sql, params }, options),
    /** Runs one statement and answers how many rows it changed; with RETURNING also those rows. */
    execute: <Row = Record<string, JsonValue>>(
      sql: string,
      params: JsonValue[] = [],
      options?: SqlCallOptions,
    ) => post<ExecuteResult<Row>>("/execute", { sql, params }, options),
    /** Runs all statements in one transaction: all or nothing. */
    transaction: (request: TransactionRequest, options?: SqlCallOptions) =>
      post<TransactionResult>("/transaction", request, options),
    /** Reads and writes rows without SQL. */
    db,
    /**
     * Runs `work` in one transaction under one request id: that of `request`, or a new one. When it throws, everything is
     * undone and the error goes on. Nothing is opened before the first query.
     */
    withRequest: <Result>(
      request: RequestSource | undefined,
      work: (context: RequestContext<Schema>) => Promise<Result> | Result,
      options?: WithRequestOptions,
    ): Promise<Result> => runRequest<Schema, Result>(server, request, work, options),
  };
}
