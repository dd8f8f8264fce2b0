/**
 * In charge of the one stream that tells of all long work: lists, pages and the tray follow it together, because a browser holds
 * few connections to a host, and what shows databases is asked again when work on them begins or ends.
 */
import type { OperationInfo } from "@postern/sdk/protocol";
import { useEffect } from "preact/hooks";
import { ask } from "./api.ts";
import { followStream, whileSeen } from "./events.ts";
import { invalidate } from "./resource.ts";

export const isOver = ({ status }: Pick<OperationInfo, "status">): boolean =>
  status === "completed" || status === "failed" || status === "canceled";

/** What changes again and again is asked again no more often. */
const leastBetweenMs = 3_000;

type Follower = (operation: OperationInfo) => void;
const followers = new Map<string, Set<Follower>>();
const statuses = new Map<string, string>();

/** Calls back at each change of the operation until the returned function is called. */
export function subscribe(id: string, follower: Follower): () => void {
  const all = followers.get(id) ?? new Set();
  followers.set(id, all.add(follower));
  return () => {
    all.delete(follower);
    if (all.size === 0) followers.delete(id);
  };
}

const tell = (operation: OperationInfo): void => {
  for (const follower of followers.get(operation.id) ?? []) follower(operation);
};

/** While somebody is signed in and looks. */
export function useOperationStream(): void {
  useEffect(() => {
    const stop = whileSeen((abort) => void followOperations(abort));
    return () => {
      stop();
      statuses.clear();
    };
  }, []);
}

function followOperations(abort: AbortSignal): Promise<void> {
  let isFirst = true;
  return followStream<OperationInfo[]>("/console/v1/operations/events", abort, {
    onOpen() {
      isFirst = true;
    },
    onValue(operations) {
      take(operations);
      if (isFirst) catchUp(new Set(operations.map(({ id }) => id)), abort);
      isFirst = false;
    },
  });
}

function take(operations: readonly OperationInfo[]): void {
  for (const operation of operations) {
    const { id, status, database_id: database } = operation;
    const before = statuses.get(id);
    statuses.set(id, status);
    // What had ended when this page began changes nothing of what it shows.
    if (before !== status && !(before === undefined && isOver(operation))) askAgain(database);
    tell(operation);
  }
}

/** What ended while nothing was heard is asked for. */
function catchUp(heard: ReadonlySet<string>, signal: AbortSignal): void {
  for (const id of followers.keys())
    if (!heard.has(id)) ask<OperationInfo>(`/operations/${id}`, { signal }).then(tell, () => {});
}

const waiting = new Set<string>();
let timer: number | undefined;
let askedAt = Number.NEGATIVE_INFINITY;

function askAgain(database: string | null): void {
  if (database !== null) waiting.add(database);
  if (timer !== undefined) return;
  timer = window.setTimeout(
    () => {
      timer = undefined;
      askedAt = performance.now();
      for (const id of waiting) invalidate(`/databases/${id}`);
      waiting.clear();
      invalidate("/databases?");
      invalidate("/operations?");
    },
    Math.max(100, askedAt + leastBetweenMs - performance.now()),
  );
}
