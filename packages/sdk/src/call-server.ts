/** In charge of one call of the data plane: how long it may take, and whether it may be sent again when nothing came of it. */
import { PosternError } from "./error.ts";
import { joinUrl } from "./join-url.ts";
import { type Fetch, readJson, sendRequest } from "./send-request.ts";

export interface CallOptions {
  /** Cancels the statement on the server, too. */
  signal?: AbortSignal | undefined;
  /** Instead of the client's. */
  timeoutMs?: number | undefined;
  /** Instead of one that is made; names the call in logs and in the log of changes. */
  requestId?: string | undefined;
}

export interface ServerOptions {
  url: string;
  token: string;
  fetch?: Fetch | undefined;
  /** Longest that a call may take, with all its repetitions; 30 s when absent, 0: for ever. */
  timeoutMs?: number | undefined;
  /** How often a call that is safe to repeat is sent again; twice when absent. */
  retries?: number | undefined;
}

export interface Call extends CallOptions {
  path: string;
  body?: unknown;
  /** Sent again when the server cannot be reached, or is too busy: it reads only, or is done once in any case. */
  isRepeatable?: boolean;
  idempotencyKey?: string | undefined;
}

const firstPauseMs = 100;

/** @throws PosternError */
export async function callServer<Result>(server: ServerOptions, call: Call): Promise<Result> {
  const { timeoutMs = server.timeoutMs ?? 30_000, signal } = call;
  const timer = new AbortController();
  const onAbort = () => timer.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const timeout = timeoutMs > 0 ? setTimeout(() => timer.abort(timedOut(timeoutMs)), timeoutMs) : undefined;
  try {
    return await sendAgain(server, call, timer.signal);
  } finally {
    clearTimeout(timeout);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function sendAgain<Result>(server: ServerOptions, call: Call, signal: AbortSignal): Promise<Result> {
  const { url, token, fetch, retries = 2 } = server;
  const headers: Record<string, string> = {};
  if (call.requestId !== undefined) headers["x-request-id"] = call.requestId;
  if (call.idempotencyKey !== undefined) headers["idempotency-key"] = call.idempotencyKey;
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await sendRequest(joinUrl(url, call.path), {
        method: "POST",
        secret: token,
        body: call.body,
        headers,
        signal,
        fetch,
      });
      return await readJson<Result>(answer);
    } catch (error) {
      const mayPass = error instanceof PosternError && (error.code === "Y0005" || error.status === 503);
      if (!call.isRepeatable || !mayPass || attempt >= retries || signal.aborted) throw error;
      await pause(firstPauseMs * 2 ** attempt * (0.5 + Math.random()), signal);
    }
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });

const timedOut = (ms: number) =>
  new PosternError("Y1016", `There was no answer within ${ms / 1000} s.`, {
    hint: "A write may have taken effect: look before you repeat it, or send it with an idempotency key.",
  });
