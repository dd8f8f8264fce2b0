/**
 * In charge of telling the daemon about the requests that a worker has answered, many at a time: one message for each
 * would cost more than some of the requests. What somebody may want to read about (failures of Postern's own, and all of
 * them where the log keeps requests) is told at once and whole.
 */
import { messageOf } from "../../base/error.ts";
import type { Observation, Observe } from "../../base/observation.ts";
import type { RequestSummary, WorkerMessage } from "./worker-messages.ts";

type RequestObservation = Extract<Observation, { type: "request" }>;

const summaryEveryMs = 250;

export function createReporter(tell: (message: WorkerMessage) => void, logsRequests: boolean): Observe {
  const summaries = new Map<string, RequestSummary>();
  const flush = () => {
    tell({ type: "answered", summaries: [...summaries.values()] });
    summaries.clear();
  };
  const summarise = ({ method, route, status, code, durationMs }: RequestObservation) => {
    if (summaries.size === 0) setTimeout(flush, summaryEveryMs).unref();
    const key = `${method} ${route} ${status} ${code ?? ""}`;
    const summary = summaries.get(key);
    if (summary) summary.durationsMs.push(durationMs);
    else {
      const about = { method, route, status, ...(code !== undefined && { code }) };
      summaries.set(key, { ...about, durationsMs: [durationMs] });
    }
  };

  return (observation) => {
    if (observation.type === "request" && observation.status < 500 && !logsRequests) summarise(observation);
    else if (observation.type === "fault") {
      const { where, error } = observation;
      const text = error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error);
      tell({ type: "observed", observation: { type: "fault", where, error: text } });
    } else tell({ type: "observed", observation });
  };
}

/** The daemon's side: each request as if it had answered it itself, but for its id. */
export function observeSummaries(summaries: readonly RequestSummary[], observe: Observe): void {
  for (const { durationsMs, ...about } of summaries) {
    for (const durationMs of durationsMs) observe({ type: "request", requestId: "", ...about, durationMs });
  }
}
