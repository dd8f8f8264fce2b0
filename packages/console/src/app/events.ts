/** In charge of values that the server tells as they change: a stream of events, opened again when it breaks. */
import type { ErrorBody } from "@postern/sdk/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, isAbort, problemOf, send } from "./api.ts";

const retryMs = [300, 1_000, 2_000, 5_000];

async function readEvents<Value>(response: Response, onValue: (value: Value) => void): Promise<void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop()!;
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined && !event.startsWith("event: error")) onValue(JSON.parse(data) as Value);
    }
  }
}

const pause = (ms: number, abort: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    abort.addEventListener("abort", () => {
      window.clearTimeout(timer);
      resolve();
    });
  });

export interface LiveState<Value> {
  value: Value | undefined;
  problem: ErrorBody | undefined;
}

/** Follows a stream for as long as the page is shown and seen. What is known stays while it is opened again. */
export function useEvents<Value>(path: string): ReadonlySignal<LiveState<Value>> {
  const state = useMemo(() => signal<LiveState<Value>>({ value: undefined, problem: undefined }), [path]);
  useEffect(
    () =>
      whileSeen((abort) => {
        const onChange = (next: Partial<LiveState<Value>>) => {
          state.value = { ...state.peek(), ...next };
        };
        void followStream<Value>(`/console/v1${path}`, abort, {
          onValue: (value) => onChange({ value, problem: undefined }),
          onProblem: (problem) => onChange({ problem }),
        });
      }),
    [path],
  );
  return state;
}

/** Begins when the page is seen, again each time that it is, and ends when it is hidden; until the returned function is called. */
export function whileSeen(begin: (abort: AbortSignal) => void): () => void {
  let abort = new AbortController();
  const follow = () => {
    abort.abort();
    if (document.visibilityState === "hidden") return;
    abort = new AbortController();
    begin(abort.signal);
  };
  follow();
  document.addEventListener("visibilitychange", follow);
  return () => {
    document.removeEventListener("visibilitychange", follow);
    abort.abort();
  };
}

export interface StreamHearer<Value> {
  /** Before the first value of each opening. */
  onOpen?(): void;
  onValue(value: Value): void;
  onProblem?(problem: ErrorBody): void;
}

/** Reads the stream at the address, opened again whenever it breaks, until it is refused or aborted. */
export async function followStream<Value>(
  address: string,
  abort: AbortSignal,
  { onOpen, onValue, onProblem }: StreamHearer<Value>,
): Promise<void> {
  for (let failures = 0; !abort.aborted; failures += 1) {
    try {
      const response = await send(address, { signal: abort });
      onOpen?.();
      await readEvents<Value>(response, (value) => {
        failures = 0;
        onValue(value);
      });
    } catch (error) {
      if (isAbort(error) || abort.aborted) return;
      onProblem?.(problemOf(error));
      // What it refuses it will refuse again; what does not answer may.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) return;
    }
    await pause(retryMs[Math.min(failures, retryMs.length - 1)]!, abort);
  }
}
