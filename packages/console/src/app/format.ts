/** In charge of how sizes, times and counts read. */

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

export function bytes(value: number | null | undefined): string {
  if (value == null) return "–";
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 99.5 ? 0 : 1;
  return `${rest.toFixed(digits).replace(/\.0$/, "")} ${units[unit]}`;
}

export const count = (value: number): string => value.toLocaleString("en-GB").replaceAll(",", " ");

/** Of a chart: three digits that count, and no zeros behind them. */
export const figure = (value: number): string =>
  value >= 99.95 || Number.isInteger(value)
    ? count(Math.round(value))
    : String(Number(value.toFixed(value >= 9.995 ? 1 : 2)));

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const steps: [number, string][] = [
  [60, "s"],
  [3600, "min"],
  [86_400, "h"],
  [86_400 * 60, "d"],
  [86_400 * 730, "mo"],
  [Number.POSITIVE_INFINITY, "y"],
];
const sizes = [1, 60, 3600, 86_400, 86_400 * 30.44, 86_400 * 365.25];

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return span(seconds);
}

/** Times of statements: short ones with their fractions, long ones in a word. */
export function milliseconds(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 0.01) return `${Number((ms * 1_000).toPrecision(2))} µs`;
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return ms < 3_600_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

function span(seconds: number): string {
  const at = steps.findIndex(([limit]) => seconds < limit);
  return `${Math.floor(seconds / sizes[at]!)} ${steps[at]![1]}`;
}

export function ago(time: string | null | undefined, now = Date.now()): string {
  if (!time) return "never";
  const seconds = (now - Date.parse(time)) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  return seconds >= 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
}

const two = (value: number) => String(value).padStart(2, "0");

/** In the time of this machine, to be sorted by eye: 2026-11-21 20:15. */
export function moment(time: string | Date, withSeconds = false): string {
  const date = new Date(time);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return `${day} ${clock}${withSeconds ? `:${two(date.getSeconds())}` : ""}`;
}

/** `create_database` → `Create database`. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `createDatabase` → `Create database`. */
export const sentence = (name: string): string =>
  words(
    name.replaceAll(/([a-z])([A-Z])/g, (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`),
  );
