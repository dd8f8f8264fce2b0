/**
 * In charge of the log: observations as JSON lines on standard output, never with statements or secrets. Lines are
 * written some at a time, as most of them are of requests; what tells of trouble takes them along at once.
 */
import { pino } from "pino";
import type { Observation, Observe } from "../base/observation.ts";

export interface LogOptions {
  /** Does every request get a line? Those that Postern failed on always do. */
  logRequests: boolean;
}

const flushEveryMs = 100;
const flushAtBytes = 4_096;

/** For the daemon, and for each of its workers, which share its standard output. */
export function createLogObserver({ logRequests }: LogOptions): Observe {
  const destination = pino.destination({ dest: 1, sync: false, minLength: flushAtBytes });
  // A log that cannot be written to is no reason to fall over.
  destination.on("error", () => {});
  setInterval(() => destination.flush(), flushEveryMs).unref();
  process.on("exit", () => flushNow(destination));
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    destination,
  );
  return (observation) => {
    const level = levelOf(observation, logRequests);
    if (level === "debug") return;
    const { type, ...fields } = observation;
    logger[level](withError(fields), type);
    if (level !== "info") flushNow(destination);
  };
}

function flushNow(destination: { flushSync(): void }): void {
  try {
    destination.flushSync();
  } catch {
    // Not opened yet, or nobody reads any more: it is written later, or never.
  }
}

/** `err` is where pino writes a stack. */
const withError = (fields: object): object =>
  "error" in fields ? { ...fields, error: undefined, err: fields.error } : fields;

function levelOf(observation: Observation, logRequests: boolean): "debug" | "info" | "warn" | "error" {
  switch (observation.type) {
    case "fault":
      return "error";
    case "service":
      return observation.event === "died" || observation.event === "failed" ? "warn" : "info";
    case "request":
      return observation.status >= 500 ? "warn" : logRequests ? "info" : "debug";
    case "operation":
      return observation.event === "failed" ? "warn" : observation.event === "step" ? "debug" : "info";
    case "user_token":
      return observation.event === "issuer_failed" ? "warn" : "debug";
    case "maintenance":
      return observation.event === "failed" ? "warn" : "debug";
  }
}
