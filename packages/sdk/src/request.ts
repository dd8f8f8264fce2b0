/** In charge of one request to Postern over HTTP: credentials, JSON in and out, and errors as PosternError. */
import { PosternError } from "./error.ts";
import type { ErrorBody } from "./protocol.ts";

export interface Endpoint {
  /** Base address, for example `http://127.0.0.1:5480`. */
  url: string;
  /** Sent as `Authorization: Bearer`. */
  secret?: string | undefined;
  fetch?: typeof globalThis.fetch | undefined;
  /** Ends every request of this endpoint. */
  signal?: AbortSignal | undefined;
}

export interface RequestOptions {
  body?: unknown;
  query?: Record<string, string | number | boolean | undefined>;
  signal?: AbortSignal | undefined;
  accept?: string;
}

/** The answer as it comes, with its body unread. @throws PosternError */
export async function send(
  endpoint: Endpoint,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Response> {
  const headers: Record<string, string> = { accept: options.accept ?? "application/json" };
  if (endpoint.secret !== undefined) headers.authorization = `Bearer ${endpoint.secret}`;
  const init: RequestInit = { method, headers };
  if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  const signal = eitherSignal(endpoint.signal, options.signal);
  if (signal) init.signal = signal;
  const doFetch = endpoint.fetch ?? globalThis.fetch;
  let response: Response;
  try {
    response = await doFetch(addressOf(endpoint.url, path, options.query), init);
  } catch (error) {
    throw signal?.aborted ? signal.reason : unreachable(endpoint.url, error);
  }
  if (response.ok) return response;
  throw await readError(response);
}

/** The answer's JSON; undefined where there is none. @throws PosternError */
export async function call<Result>(
  endpoint: Endpoint,
  method: string,
  path: string,
  options?: RequestOptions,
): Promise<Result> {
  const response = await send(endpoint, method, path, options);
  const text = await response.text().catch((error: unknown) => {
    const signal = eitherSignal(endpoint.signal, options?.signal);
    throw signal?.aborted ? signal.reason : unreachable(endpoint.url, error);
  });
  if (text === "") return undefined as Result;
  try {
    return JSON.parse(text) as Result;
  } catch (error) {
    throw notPostern(response.status, error);
  }
}

function addressOf(url: string, path: string, query: RequestOptions["query"] = {}): string {
  const entries = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  const search = entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
  return `${url.replace(/\/+$/, "")}${path}${search}`;
}

function eitherSignal(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a && b ? AbortSignal.any([a, b]) : (a ?? b);
}

async function readError(response: Response): Promise<PosternError> {
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as ErrorBody;
    if (typeof body.code === "string" && typeof body.message === "string") {
      return PosternError.fromBody(body, response.status);
    }
  } catch {
    // Not JSON: something else than Postern answered.
  }
  return notPostern(response.status);
}

const notPostern = (status: number, cause?: unknown): PosternError =>
  new PosternError("Y0005", "What answers at this address is not Postern.", {
    detail: `It answered with HTTP status ${status} and no message of Postern's.`,
    hint: "Check the address: POSTERN_API_URL, or `postern status`.",
    status,
    cause,
  });

function unreachable(url: string, error: unknown): PosternError {
  const cause = (error as { cause?: { code?: unknown } } | null)?.cause;
  const reason = typeof cause?.code === "string" ? cause.code : (error as Error | null)?.message;
  return new PosternError("Y0005", `Postern does not answer at ${url}.`, {
    detail: reason === undefined ? undefined : `The connection failed: ${reason}.`,
    hint: "Start it with `postern up`.",
    cause: error,
  });
}
