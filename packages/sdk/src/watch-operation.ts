/** In charge of following an operation to its end, over a restart of the daemon if need be. */
import { PosternError } from "./error.ts";
import type { ErrorBody, OperationInfo } from "./protocol.ts";
import { type Endpoint, send } from "./request.ts";

export interface WatchOptions {
  signal?: AbortSignal | undefined;
  /** How long the daemon may be away before this gives up, milliseconds. */
  absenceMs?: number;
}

const pauseMs = 250;

/** Calls `onChange` at each change and resolves with the operation as it ended, whether it succeeded or not. */
export async function watchOperation(
  endpoint: Endpoint,
  id: string,
  onChange: (operation: OperationInfo) => void,
  { signal, absenceMs = 60_000 }: WatchOptions = {},
): Promise<OperationInfo> {
  let goneSince: number | undefined;
  for (;;) {
    try {
      for await (const operation of readEvents(endpoint, id, signal)) {
        goneSince = undefined;
        onChange(operation);
        if (hasEnded(operation)) return operation;
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!mayPass(error)) throw error;
      goneSince ??= Date.now();
      if (Date.now() - goneSince > absenceMs) throw error;
    }
    await pause(pauseMs, signal);
  }
}

export const hasEnded = ({ status }: Pick<OperationInfo, "status">): boolean =>
  status === "completed" || status === "failed" || status === "canceled";

/** The daemon is away, or has no room at the moment. */
const mayPass = (error: unknown): boolean =>
  error instanceof PosternError && (error.code === "Y0005" || error.status === 503);

async function* readEvents(
  endpoint: Endpoint,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<OperationInfo> {
  const response = await send(endpoint, "GET", `/v1/operations/${encodeURIComponent(id)}/events`, {
    accept: "text/event-stream",
    signal,
  });
  let rest = "";
  for await (const text of readText(response)) {
    const events = `${rest}${text}`.split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const { name, data } = parseEvent(event);
      if (data === "") continue;
      if (name === "error") throw PosternError.fromBody(JSON.parse(data) as ErrorBody);
      yield JSON.parse(data) as OperationInfo;
    }
  }
}

/** A stream that breaks off is a daemon that went away: the caller looks for it again. */
async function* readText(response: Response): AsyncGenerator<string> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } catch (error) {
    throw new PosternError("Y0005", "The connection to Postern was lost.", { cause: error });
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parseEvent(event: string): { name: string; data: string } {
  let name = "message";
  const data: string[] = [];
  for (const line of event.split("\n")) {
    if (line.startsWith("event:")) name = line.slice("event:".length).trim();
    if (line.startsWith("data:")) data.push(line.slice("data:".length).trimStart());
  }
  return { name, data: data.join("\n") };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
