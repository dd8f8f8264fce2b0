/** In charge of asking the API as the session that is signed in: JSON in and out, errors with their code and hint. */
import type { CurrentConsoleSession, ErrorBody } from "@postern/sdk/protocol";
import { signal } from "@preact/signals";

/** Undefined: not known yet; null: signed out. */
export const session = signal<CurrentConsoleSession | null | undefined>(undefined);
/** False while Postern does not answer at all. */
export const online = signal(true);

export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly body: ErrorBody;

  constructor(body: ErrorBody, status: number) {
    super(body.message);
    this.name = "ApiError";
    this.code = body.code;
    this.status = status;
    this.body = body;
  }
}

export interface AskOptions {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** Any path of the daemon. @throws ApiError; a DOMException named AbortError when the signal fired */
export async function send(path: string, options: AskOptions = {}): Promise<Response> {
  const { method = "GET", body, headers } = options;
  const asked = { "x-postern-console": session.peek()?.csrf_token ?? "1", ...headers };
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? asked : { ...asked, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(options.signal && { signal: options.signal }),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    online.value = false;
    throw new ApiError(unreachable, 0);
  }
  online.value = true;
  if (response.ok) return response;
  const problem = await readProblem(response);
  // The session has ended, here or elsewhere: the sign-in page takes over, at the same address.
  if (problem.code === "Y1092" && session.peek()) session.value = null;
  throw new ApiError(problem, response.status);
}

const unreachable: ErrorBody = {
  code: "offline",
  message: "Postern does not answer.",
  hint: "Is the daemon running? `postern status` tells. This page tries again by itself.",
};

async function readProblem(response: Response): Promise<ErrorBody> {
  try {
    return (await response.json()) as ErrorBody;
  } catch {
    return { code: String(response.status), message: `Postern answered with status ${response.status}.` };
  }
}

async function readJson<Result>(response: Response): Promise<Result> {
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as Result;
}

/** Where a path of the API is asked: `/databases` is `/v1/databases`; those of administrators begin with `/admin/`. */
export const apiPath = (path: string): string =>
  path.startsWith("/admin/") ? `/console${path}` : `/console/v1${path}`;

/** A path of the API, as `apiPath` takes it. */
export const ask = async <Result>(path: string, options: AskOptions = {}): Promise<Result> =>
  readJson<Result>(await send(apiPath(path), options));

/** A path of the session's own, `/console/session…`. */
export const askSession = async <Result>(path: string, options: AskOptions = {}): Promise<Result> =>
  readJson<Result>(await send(`/console${path}`, options));

export const isAbort = (error: unknown): boolean => (error as Error | null)?.name === "AbortError";

/** What can be shown of whatever was thrown. */
export function problemOf(error: unknown): ErrorBody {
  if (error instanceof ApiError) return error.body;
  return { code: "console", message: error instanceof Error ? error.message : String(error) };
}
