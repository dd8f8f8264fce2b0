/** In charge of reading what is to be noted of statements, and who else is told. */
import { posternError } from "./error.ts";
import { choice, count, type Environment } from "./read-variable.ts";

export interface OtlpConfig {
  /** Where spans are posted. */
  url: string;
  headers: Record<string, string>;
}

export interface InsightsConfig {
  enabled: boolean;
  /** From there on a statement is slow, milliseconds. */
  slowMs: number;
  /** How long what was seen is known, days. */
  days: number;
  /** Null: nobody else is told. */
  otlp: OtlpConfig | null;
}

/** @throws Y0001 */
export const readInsights = (environment: Environment): InsightsConfig => ({
  enabled: choice(environment, "POSTERN_INSIGHTS", ["on", "off"]) === "on",
  slowMs: count(environment, "POSTERN_SLOW_QUERY_MS", 100, 3_600_000),
  days: count(environment, "POSTERN_INSIGHTS_DAYS", 7, 3_650),
  otlp: readOtlp(environment),
});

/** As all that exports OpenTelemetry reads it: the address of all signals, or that of traces alone. */
function readOtlp(environment: Environment): OtlpConfig | null {
  const whole = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  const base = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  const url = whole || (base ? `${base.replace(/\/+$/, "")}/v1/traces` : undefined);
  if (url === undefined) return null;
  const name = whole ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT";
  if (!/^https?:\/\/[^\s]+$/.test(url) || !URL.canParse(url)) {
    throw posternError("Y0001", `${name} is "${whole || base}", which is no address.`, {
      hint: "Give the http or https address of a collector, for example http://127.0.0.1:4318.",
    });
  }
  return { url, headers: readHeaders(environment.OTEL_EXPORTER_OTLP_HEADERS ?? "") };
}

/** `name=value,name=value`, values percent-encoded. */
function readHeaders(text: string): Record<string, string> {
  const pairs = text.split(",").flatMap((pair): [string, string][] => {
    const at = pair.indexOf("=");
    if (at <= 0) return [];
    return [[pair.slice(0, at).trim().toLowerCase(), decode(pair.slice(at + 1).trim())]];
  });
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
