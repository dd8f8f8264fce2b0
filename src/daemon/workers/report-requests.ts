/**
 * In charge of telling the daemon about the requests that a worker has answered, many at a time: one message for each
 * would cost more than some of the requests. The worker writes their lines of the log itself; the daemon counts them.
 */
import { messageOf } from "../../base/error.ts";
import type { Observation, Observe } from "../../base/observation.ts";
import type { RequestSummary, WorkerMessage } from "./worker-messages.ts";

type RequestObservation = Extract<Observation, { type: "request" }>;

const summaryEveryMs = 250;

export interface Reporter {
  observe: Observe;
  /** A request has begun or ended. */
  onChange(underWay: number): void;
}

export function createReporter(tell: (message: WorkerMessage) => void, log: Observe): Reporter {
  const summaries = new Map<string, RequestSummary & { durationsMs: number[] }>();
  let underWay = 0;
  let isScheduled = false;
  const flush = () => {
    isScheduled = false;
    // Sent as they lie in memory, where a list of numbers would be written one by one.
    const packed = [...summaries.values()].map((one) => ({
      ...one,
      durationsMs: Float64Array.from(one.durationsMs),
    }));
    tell({ type: "answered", underWay, summaries: packed });
    summaries.clear();
  };
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(flush, summaryEveryMs).unref();
  };
  const summarise = ({ method, route, status, code, durationMs }: RequestObservation) => {
    schedule();
    const key = `${method} ${route} ${status} ${code ?? ""}`;
    const summary = summaries.get(key);
    if (summary) summary.durationsMs.push(durationMs);
    else {
      const about = { method, route, status, ...(code !== undefined && { code }) };
      summaries.set(key, { ...about, durationsMs: [durationMs] });
    }
  };

  return {
    observe(observation) {
      if (observation.type === "request") {
        log(observation);
        summarise(observation);
      } else if (observation.type === "fault") {
        const { where, error } = observation;
        const text = error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error);
        tell({ type: "observed", observation: { type: "fault", where, error: text } });
      } else tell({ type: "observed", observation });
    },
    onChange(count) {
      underWay = count;
      schedule();
    },
  };
}
