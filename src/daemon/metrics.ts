/**
 * In charge of Postern's metrics in Prometheus's text format. What happens is counted as it is observed; what is, is asked
 * for when somebody reads it. Labels come from code and from Postern's own tables, never from what strangers send.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Observation, Observe } from "../base/observation.ts";
import type { MetricsService } from "../http/services/server-services.ts";
import type { TraceBundle } from "../insights/trace-bundle.ts";
import type { RequestSummary } from "./workers/worker-messages.ts";

/** What is, at the moment of asking. */
export interface MetricsSource {
  read(): Promise<{ name: string; help: string; samples: Sample[]; perDatabase?: boolean }[]>;
}

export interface Sample {
  labels?: Record<string, string>;
  value: number;
}

const bucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Of SQL over HTTP. */
const statementCounters = {
  calls: { name: "postern_statements_total", help: "Statements that ran over HTTP." },
  errors: { name: "postern_statements_failed_total", help: "Of these, those that failed." },
  slow: { name: "postern_statements_slow_total", help: "Of these, those that took longer than the limit." },
  seconds: { name: "postern_statement_seconds_total", help: "Time that they ran." },
  waited: {
    name: "postern_statement_connection_wait_seconds_total",
    help: "Time that they waited for a connection.",
  },
};

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: "postern_http_requests_total",
    help: "Requests answered, by route, method and class of status.",
    labelNames: ["route", "method", "status"] as const,
    registers: [this.#registry],
  });
  readonly #durations = new Histogram({
    name: "postern_http_request_duration_seconds",
    help: "Time from a request's head to the end of its answer.",
    labelNames: ["route", "method", "status"] as const,
    buckets: bucketsSeconds,
    registers: [this.#registry],
  });
  readonly #operations = new Counter({
    name: "postern_operations_finished_total",
    help: "Operations that have ended, by kind and end.",
    labelNames: ["kind", "end"] as const,
    registers: [this.#registry],
  });
  readonly #faults = new Counter({
    name: "postern_faults_total",
    help: "Failures of Postern's own.",
    registers: [this.#registry],
  });
  readonly #deaths = new Counter({
    name: "postern_service_deaths_total",
    help: "Servers that died and were started again.",
    labelNames: ["service"] as const,
    registers: [this.#registry],
  });

  readonly #statements = Object.fromEntries(
    Object.entries(statementCounters).map(([key, { name, help }]) => [
      key,
      new Counter({ name, help, registers: [this.#registry] }),
    ]),
  ) as Record<keyof typeof statementCounters, Counter>;

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  readonly observe: Observe = (observation: Observation) => {
    if (observation.type === "request")
      this.count([{ ...observation, durationsMs: [observation.durationMs] }]);
    else if (observation.type === "operation") {
      const { event, kind } = observation;
      if (event === "completed" || event === "failed") this.#operations.inc({ kind, end: event });
    } else if (observation.type === "fault") this.#faults.inc();
    else if (observation.type === "service" && observation.event === "died")
      this.#deaths.inc({ service: kindOf(observation.service) });
  };

  count(summaries: readonly RequestSummary[]): void {
    for (const { route, method, status, durationsMs } of summaries) {
      const labels = { route, method, status: `${Math.floor(status / 100)}xx` };
      this.#requests.inc(labels, durationsMs.length);
      for (const durationMs of durationsMs) this.#durations.observe(labels, durationMs / 1000);
    }
  }

  noteStatements({ counts }: TraceBundle): void {
    for (const { calls, errors, slow, totalMs, waitMs } of counts) {
      this.#statements.calls.inc(calls);
      this.#statements.errors.inc(errors);
      this.#statements.slow.inc(slow);
      this.#statements.seconds.inc(totalMs / 1000);
      this.#statements.waited.inc(waitMs / 1000);
    }
  }

  serviceOf(source: MetricsSource): MetricsService {
    return {
      contentType: this.#registry.contentType,
      render: async ({ perDatabase }) => {
        // A registry of its own for each reading: two readers at once do not see half of each other's.
        const now = new Registry();
        for (const metric of await source.read()) {
          if (metric.perDatabase && !perDatabase) continue;
          const { name, help, samples } = metric;
          const labelNames = [...new Set(samples.flatMap(({ labels = {} }) => Object.keys(labels)))];
          const gauge = new Gauge({ name, help, labelNames, registers: [now] });
          for (const { labels = {}, value } of samples) gauge.set(labels, value);
        }
        return `${await this.#registry.metrics()}\n${await now.metrics()}`;
      },
    };
  }
}

/** Own instances are many, and come and go. */
const kindOf = (service: string): string => (service.startsWith("ins-") ? "instance" : service);
