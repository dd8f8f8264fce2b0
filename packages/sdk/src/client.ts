/** In charge of SQL over HTTP from the caller's side: one database, opened with its token. */
import type {
  ExecuteResult,
  JsonValue,
  QueryResult,
  TransactionRequest,
  TransactionResult,
} from "./protocol.ts";
import { call, type Endpoint } from "./request.ts";

export interface ClientOptions {
  /** The database's own address (DATABASE_HTTP_URL), or `<api url>/v1/db/<id>`. */
  url: string;
  /** The database's token. */
  token: string;
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/** Rows as arrays of values in the order of `fields`: nothing is lost where two columns have one name. */
export type ArrayRow = JsonValue[];

export interface Client {
  query<Row = Record<string, JsonValue>>(
    sql: string,
    params?: JsonValue[],
    options?: CallOptions,
  ): Promise<QueryResult<Row>>;
  execute<Row = Record<string, JsonValue>>(
    sql: string,
    params?: JsonValue[],
    options?: CallOptions,
  ): Promise<ExecuteResult<Row>>;
  /** All statements or none. */
  transaction(request: TransactionRequest, options?: CallOptions): Promise<TransactionResult>;
  /** The same calls with rows as arrays. */
  readonly arrays: {
    query(sql: string, params?: JsonValue[], options?: CallOptions): Promise<QueryResult<ArrayRow>>;
    execute(sql: string, params?: JsonValue[], options?: CallOptions): Promise<ExecuteResult<ArrayRow>>;
    transaction(
      request: TransactionRequest,
      options?: CallOptions,
    ): Promise<{ results: (QueryResult<ArrayRow> & { rows_affected: number })[] }>;
  };
}

/** @example const db = createClient({ url: process.env.DATABASE_HTTP_URL, token: process.env.DATABASE_TOKEN }); */
export function createClient({ token, ...options }: ClientOptions): Client {
  const endpoint: Endpoint = { ...options, secret: token };
  const post = <Result>(path: string, body: unknown, { signal }: CallOptions = {}, rows?: "array") =>
    call<Result>(endpoint, "POST", path, { body, signal, query: { rows } });
  const statement = (sql: string, params: JsonValue[] | undefined) =>
    params === undefined ? { sql } : { sql, params };
  return {
    query: (sql, params, options) => post("/query", statement(sql, params), options),
    execute: (sql, params, options) => post("/execute", statement(sql, params), options),
    transaction: (request, options) => post("/transaction", request, options),
    arrays: {
      query: (sql, params, options) => post("/query", statement(sql, params), options, "array"),
      execute: (sql, params, options) => post("/execute", statement(sql, params), options, "array"),
      transaction: (request, options) => post("/transaction", request, options, "array"),
    },
  };
}
