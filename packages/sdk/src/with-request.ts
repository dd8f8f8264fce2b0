/** In charge of one request's transaction, which the server holds open between the calls of its handler. */
import { type CallOptions, callServer, type ServerOptions } from "./call-server.ts";
import { PosternError } from "./error.ts";
import type { JsonValue, OpenRequest, OpenRequestInput, QueryResult, RecordQuery } from "./protocol.ts";
import type { Records } from "./typed-records.ts";

/** A fetch Request, node:http's or Express's or Fastify's request: whatever has headers. */
export interface RequestSource {
  headers: { get(name: string): string | null } | Record<string, string | string[] | undefined>;
}

export interface WithRequestOptions extends OpenRequestInput {
  /** Undoes everything when it fires. */
  signal?: AbortSignal | undefined;
}

type InRequest = Pick<CallOptions, "signal" | "timeoutMs">;

export interface RequestContext<Schema = unknown> {
  requestId: string;
  db: Records<Schema, InRequest>;
  /** One statement of SQL in the same transaction. */
  query<Row = Record<string, JsonValue>>(
    sql: string,
    params?: JsonValue[],
    options?: InRequest,
  ): Promise<QueryResult<Row>>;
}

export async function runRequest<Schema, Result>(
  server: ServerOptions,
  request: RequestSource | undefined,
  work: (context: RequestContext<Schema>) => Promise<Result> | Result,
  { signal, ...input }: WithRequestOptions = {},
): Promise<Result> {
  const requestId = readRequestId(request) ?? `req-${crypto.randomUUID()}`;
  let opening: Promise<OpenRequest> | undefined;
  let isOver = false;
  const call = async <Answer>(part: string, body?: unknown, options: InRequest = {}): Promise<Answer> => {
    if (isOver) throw overError();
    opening ??= callServer<OpenRequest>(server, { path: "/requests", body: input, requestId, signal });
    const { id } = await opening;
    return callServer<Answer>(server, {
      path: `/requests/${id}/${part}`,
      body,
      requestId,
      signal,
      ...options,
    });
  };
  /** What was never opened needs no end. */
  const end = async (part: "commit" | "rollback") => {
    isOver = true;
    const open = await opening;
    if (open) await callServer(server, { path: `/requests/${open.id}/${part}`, requestId });
  };
  const context: RequestContext<Schema> = {
    requestId,
    db: {
      query: ((query: RecordQuery, options?: InRequest) => call("records", query, options)) as Records<
        Schema,
        InRequest
      >["query"],
    },
    query: (sql, params = [], options) => call("query", { sql, params }, options),
  };
  let result: Result;
  try {
    result = await work(context);
    signal?.throwIfAborted();
  } catch (error) {
    // The server undoes it anyway when it hears nothing more.
    await end("rollback").catch(() => {});
    throw error;
  }
  await end("commit");
  return result;
}

const acceptable = /^[A-Za-z0-9._:-]{1,128}$/;

/** The server takes ids that are harmless in logs and headers; another is made instead of one that is not. */
function readRequestId(request: RequestSource | undefined): string | undefined {
  const headers = request?.headers;
  if (!headers) return undefined;
  const given =
    typeof headers.get === "function"
      ? (headers as { get(name: string): string | null }).get("x-request-id")
      : (headers as Record<string, string | string[] | undefined>)["x-request-id"];
  return typeof given === "string" && acceptable.test(given) ? given : undefined;
}

const overError = () =>
  new PosternError("Y1064", "The request has ended: its handler had returned already.", {
    hint: "Await every query inside the handler.",
  });
