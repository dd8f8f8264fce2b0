/**
 * In charge of what pages show of the API: asked for when needed, shown at once where it is known already, asked again from time to
 * time and after changes, and aborted when nobody looks any more.
 */
import type { ErrorBody } from "@postern/sdk/protocol";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { apiPath, isAbort, problemOf, send } from "./api.ts";

export interface ResourceState<Value> {
  value: Value | undefined;
  problem: ErrorBody | undefined;
  /** Is it being asked for, with nothing to show yet? */
  loading: boolean;
  /** Of the headers of the answer. */
  total: number | undefined;
}

interface Entry {
  state: Signal<ResourceState<unknown>>;
  users: number;
  abort: AbortController | undefined;
  /** Given up when the page is hidden. */
  timer: number | undefined;
  askedAt: number;
}

const entries = new Map<string, Entry>();
const mostEntries = 200;

function entryOf(path: string): Entry {
  const known = entries.get(path);
  if (known) return known;
  for (const [old, entry] of entries) {
    if (entries.size < mostEntries) break;
    if (entry.users === 0) entries.delete(old);
  }
  const state = signal<ResourceState<unknown>>({
    value: undefined,
    problem: undefined,
    loading: true,
    total: undefined,
  });
  const entry = { state, users: 0, abort: undefined, timer: undefined, askedAt: 0 };
  entries.set(path, entry);
  return entry;
}

async function refresh(path: string): Promise<void> {
  const entry = entryOf(path);
  entry.abort?.abort();
  const abort = new AbortController();
  entry.abort = abort;
  entry.askedAt = Date.now();
  try {
    const response = await send(apiPath(path), { signal: abort.signal });
    const value = await response.json();
    const total = response.headers.get("x-total-count");
    entry.state.value = {
      value,
      problem: undefined,
      loading: false,
      total: total === null ? undefined : Number(total),
    };
  } catch (error) {
    if (isAbort(error)) return;
    // What is known stays to be seen, beside the error.
    entry.state.value = { ...entry.state.peek(), problem: problemOf(error), loading: false };
  } finally {
    if (entry.abort === abort) entry.abort = undefined;
  }
}

/** Asks again for everything that is shown now and begins with the path, and forgets the rest of it. */
export function invalidate(prefix: string): void {
  for (const [path, entry] of entries) {
    if (!path.startsWith(prefix)) continue;
    if (entry.users > 0) void refresh(path);
    else entries.delete(path);
  }
}

/** After signing out nothing of it may be left. */
export function forgetEverything(): void {
  for (const entry of entries.values()) entry.abort?.abort();
  entries.clear();
}

export interface Resource<Value> {
  state: ReadonlySignal<ResourceState<Value>>;
  refresh(): Promise<void>;
}

export interface ResourceOptions {
  /** Ask again after so long, while the page is seen. */
  everyMs?: number;
}

const never: Signal<ResourceState<unknown>> = signal({
  value: undefined,
  problem: undefined,
  loading: false,
  total: undefined,
});

/** @param path as `apiPath` takes it; null: nothing to ask for (yet) */
export function useResource<Value>(path: string | null, { everyMs }: ResourceOptions = {}): Resource<Value> {
  useEffect(() => {
    if (path === null) return;
    const entry = entryOf(path);
    entry.users += 1;
    if (Date.now() - entry.askedAt > 500) void refresh(path);
    const timer =
      everyMs === undefined
        ? undefined
        : window.setInterval(() => {
            if (document.visibilityState === "visible" && !entry.abort) void refresh(path);
          }, everyMs);
    return () => {
      entry.users -= 1;
      window.clearInterval(timer);
      if (entry.users === 0) entry.abort?.abort();
    };
  }, [path, everyMs]);
  return useMemo(() => {
    const state = (path === null ? never : entryOf(path).state) as unknown as ReadonlySignal<
      ResourceState<Value>
    >;
    return { state, refresh: async () => (path === null ? undefined : refresh(path)) };
  }, [path]);
}
