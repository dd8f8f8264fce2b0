/**
 * In charge of telling a client that asks (`server-timing: ?1`) how long each stage of its request took. The answer's
 * headers go out before its body, so the last stage that can be told is the one before sending.
 */
import type { FastifyRequest } from "fastify";

export interface StageTimes {
  lastMs: number;
  /** `name;dur=ms`, in order. */
  entries: string[];
}

const wantsTiming = (request: FastifyRequest): boolean => request.headers["server-timing"] === "?1";

export function startTiming(request: FastifyRequest): void {
  if (wantsTiming(request)) request.stageTimes = { lastMs: request.startedAtMs, entries: [] };
}

/** Says that a stage has ended; it began when the one before it did end. */
export function endStage(request: FastifyRequest, name: "auth" | "read" | "query"): void {
  const times = request.stageTimes;
  if (times === null) return;
  const nowMs = performance.now();
  times.entries.push(`${name};dur=${(nowMs - times.lastMs).toFixed(3)}`);
  times.lastMs = nowMs;
}
