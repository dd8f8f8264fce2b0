/** In charge of where values stand in a drawing, and which of them are written beside it. Pure. */

const factors = [1, 2, 2.5, 5, 10];
/** Sizes are read in powers of 1024. */
const byteFactors = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/** From zero up to the first round value above all; at most `most` steps. */
export function ticksUpTo(max: number, { most = 4, bytes = false } = {}): number[] {
  if (!(max > 0)) return [0, 1];
  const base = bytes
    ? 1_024 ** Math.floor(Math.log(max / most) / Math.log(1_024))
    : 10 ** Math.floor(Math.log10(max / most));
  const factor = (bytes ? byteFactors : factors).find((one) => one * base * most >= max * (1 - 1e-9)) ?? 10;
  const step = factor * base;
  const count = Math.max(1, Math.ceil((max * (1 - 1e-9)) / step));
  return Array.from({ length: count + 1 }, (_, at) => at * step);
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  30 * day,
];

/** Round moments of this machine's clock, at most `most` of them. */
export function timeTicks(from: number, to: number, most: number): number[] {
  const step = timeSteps.find((one) => (to - from) / one <= most) ?? timeSteps.at(-1)!;
  const offset = new Date(from).getTimezoneOffset() * minute;
  const first = Math.ceil((from - offset) / step) * step + offset;
  const ticks: number[] = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return ticks;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** As short as the span allows. */
export function tickText(at: number, span: number): string {
  const date = new Date(at);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const dayText = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  if (span <= 26 * hour) return clock;
  return span <= 4 * day && clock !== "00:00" ? `${dayText} ${clock}` : dayText;
}

/** Lines through what is known; where nobody measured there is none. A single point is a short line. */
export function linePath(
  values: readonly (number | null)[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let isOpen = false;
  for (const [at, value] of values.entries()) {
    if (value === null) {
      isOpen = false;
      continue;
    }
    const point = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    if (isOpen) path += `L${point}`;
    else path += values[at + 1] === null || at === values.length - 1 ? `M${point}h0.01` : `M${point}`;
    isOpen = true;
  }
  return path;
}

/** What lies below the line, down to zero. */
export function areaPath(
  values: readonly (number | null)[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let start: number | undefined;
  for (let at = 0; at <= values.length; at += 1) {
    const value = values[at] ?? null;
    if (value !== null && start === undefined) {
      start = at;
      path += `M${x(at).toFixed(1)} ${y(0).toFixed(1)}`;
    }
    if (value !== null) path += `L${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    else if (start !== undefined) {
      path += `L${x(at - 1).toFixed(1)} ${y(0).toFixed(1)}Z`;
      start = undefined;
    }
  }
  return path;
}
