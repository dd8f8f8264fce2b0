/** In charge of the daemon's log: observations as JSON lines on standard output, never with statements or secrets. */
import { pino } from "pino";
import type { Observation, Observe } from "../base/observation.ts";

export function createLogObserver(): Observe {
  const logger = pino({
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  return (observation) => {
    const level = levelOf(observation);
    if (level === "debug") return;
    const { type, ...fields } = observation;
    switch (level) {
      case "info":
        return logger.info(fields, type);
      case "warn":
        return logger.warn(fields, type);
      case "error":
        return logger.error(
          "error" in fields ? { ...fields, error: undefined, err: fields.error } : fields,
          type,
        );
    }
  };
}

const logsRequests = process.env.POSTERN_LOG_REQUESTS === "1";

function levelOf(observation: Observation): "debug" | "info" | "warn" | "error" {
  switch (observation.type) {
    case "fault":
      return "error";
    case "service":
      return observation.event === "died" || observation.event === "failed" ? "warn" : "info";
    case "request":
      return observation.status >= 500 ? "warn" : logsRequests ? "info" : "debug";
    case "operation":
      return observation.event === "failed" ? "warn" : observation.event === "step" ? "debug" : "info";
    case "user_token":
      return observation.event === "issuer_failed" ? "warn" : "debug";
    case "maintenance":
      return observation.event === "failed" ? "warn" : "debug";
  }
}
