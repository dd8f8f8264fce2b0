/** In charge of writing the figures of a look at a database as people read them. */
import type { InspectColumn } from "../../postgres/inspect/report.ts";
import { formatBytes, formatDuration } from "../format.ts";

export function formatValue(value: unknown, form: InspectColumn["form"] = "text"): string {
  if (value === null || value === undefined) return "–";
  switch (form) {
    case "bytes":
      return formatBytes(Number(value));
    case "duration":
      return formatSpan(Number(value));
    case "percent":
      return `${Number(value).toFixed(1)} %`;
    case "count":
      return formatCount(Number(value));
    case "flag":
      return value === true ? "yes" : "no";
    default:
      return String(value);
  }
}

/** `12,345`. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString("en-US");

/** `0.4ms`, `48ms`, `1.2s`, `4m 12s`, `3h 5m`, `2d 4h`. */
export function formatSpan(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(1))}ms`;
  if (ms < 60_000) return formatDuration(ms);
  const seconds = Math.floor(ms / 1_000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days}d ${hours}h`;
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${seconds % 60}s`;
}

export const isNumeric = ({ form = "text" }: InspectColumn): boolean =>
  form !== "text" && form !== "flag" && form !== "time";
