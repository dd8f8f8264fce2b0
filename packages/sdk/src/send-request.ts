/** In charge of one HTTP exchange with Postern: JSON there, JSON back, and every failure a PosternError. */
import { PosternError } from "./error.ts";
import type { ErrorBody } from "./protocol.ts";

export interface RequestOptions {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Bearer: an account's API key or a database's token. */
  secret?: string | undefined;
  body?: unknown;
  /** Instead of a body in JSON: as it is. */
  content?: Uint8Array | undefined;
  contentType?: string | undefined;
  /** Further ones. */
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
  /** Instead of the platform's own. */
  fetch?: Fetch | undefined;
}

/** The platform's fetch, or one that gives as much of a Response as is read here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Answer>;

export type Answer = Pick<Response, "ok" | "status" | "url" | "body" | "text"> & {
  headers: Pick<Headers, "get">;
};

/** @throws PosternError: what the server answered, or Y0005 when it cannot be reached. */
export async function sendRequest(url: string, options: RequestOptions): Promise<Answer> {
  const { method, secret, body, content, contentType, signal, fetch = globalThis.fetch } = options;
  const headers: Record<string, string> = { ...options.headers };
  if (secret !== undefined) headers.authorization = `Bearer ${secret}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (contentType !== undefined) headers["content-type"] = contentType;
  let answer: Answer;
  try {
    answer = await fetch(url, {
      method,
      headers,
      body: content !== undefined ? (content as BodyInit) : body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(url, error);
  }
  if (!answer.ok) throw await readError(answer);
  return answer;
}

/** The JSON of an answer; undefined for an empty one. */
export async function readJson<Result>(answer: Answer): Promise<Result> {
  let text: string;
  try {
    text = await answer.text();
  } catch (error) {
    throw unreachable(answer.url, error);
  }
  if (text === "") return undefined as Result;
  try {
    return JSON.parse(text) as Result;
  } catch (error) {
    throw notPostern(answer, error);
  }
}

async function readError(answer: Answer): Promise<PosternError> {
  const body = await readJson<Partial<ErrorBody> | undefined>(answer).catch(() => undefined);
  if (typeof body?.code !== "string" || typeof body.message !== "string") return notPostern(answer);
  return PosternError.fromBody(body as ErrorBody, answer.status);
}

const distrust = /CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/;

function unreachable(url: string, cause: unknown): PosternError {
  // fetch says only "fetch failed"; the system's reason is one level below.
  const reason = (cause as { cause?: unknown }).cause ?? cause;
  const isDistrusted = distrust.test(String((reason as { code?: unknown }).code));
  return new PosternError("Y0005", `Postern does not answer at ${new URL(url).origin}.`, {
    detail: reason instanceof Error && reason.message !== "" ? reason.message : String(reason),
    hint: isDistrusted
      ? "Its certificate is not trusted here: POSTERN_CA_CERT names the file of the one who signed it."
      : "Run `postern up`.",
    cause,
  });
}

const notPostern = (answer: Answer, cause?: unknown): PosternError =>
  new PosternError(
    "Y0005",
    `What answers at ${new URL(answer.url).origin} does not speak Postern's protocol.`,
    {
      detail: `HTTP status ${answer.status} without the JSON that belongs to it.`,
      hint: "Check the address: POSTERN_API_URL, or the one that `postern up` prints.",
      status: answer.status,
      cause,
    },
  );
