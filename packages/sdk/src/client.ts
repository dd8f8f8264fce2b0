/** In charge of SQL over HTTP from the caller's side. */
import { joinUrl } from "./control.ts";
import type {
  ExecuteResult,
  JsonValue,
  QueryResult,
  TransactionRequest,
  TransactionResult,
} from "./protocol.ts";
import { type Fetch, readJson, sendRequest } from "./send-request.ts";

export interface ClientOptions {
  /** The database's own address (DATABASE_HTTP_URL), or `<API address>/v1/db/<id>`. */
  url: string;
  token: string;
  /** Instead of the platform's own. */
  fetch?: Fetch | undefined;
}

export interface CallOptions {
  /** Cancels the statement on the server, too. */
  signal?: AbortSignal | undefined;
  /** Each row as an array of its values: two columns of one name are two. */
  rowsAsArrays?: boolean | undefined;
}

export type Client = ReturnType<typeof createClient>;

export function createClient({ url, token, fetch }: ClientOptions) {
  const post = async <Result>(route: string, body: unknown, { signal, rowsAsArrays }: CallOptions = {}) =>
    readJson<Result>(
      await sendRequest(joinUrl(url, `/${route}${rowsAsArrays === true ? "?rows=array" : ""}`), {
        method: "POST",
        secret: token,
        body,
        signal,
        fetch,
      }),
    );
  return {
    /** Runs one statement and answers its rows. */
    query: <Row = Record<string, JsonValue>>(sql: string, params: JsonValue[] = [], options?: CallOptions) =>
      post<QueryResult<Row>>("query", { sql, params }, options),
    /** Runs one statement and answers how many rows it changed; with RETURNING also those rows. */
    execute: <Row = Record<string, JsonValue>>(
      sql: string,
      params: JsonValue[] = [],
      options?: CallOptions,
    ) => post<ExecuteResult<Row>>("execute", { sql, params }, options),
    /** Runs all statements in one transaction: all or nothing. */
    transaction: (request: TransactionRequest, options?: CallOptions) =>
      post<TransactionResult>("transaction", request, options),
  };
}
