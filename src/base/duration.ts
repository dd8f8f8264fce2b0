/** In charge of reading and writing lengths of time as people type them: `30s`, `15m`, `24h`, `7d`. */
import { posternError } from "./error.ts";

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Milliseconds of `<n>s|m|h|d|w`. @throws Y1001 for anything else. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6})\s*([smhdw])$/.exec(text.trim());
  if (!match) {
    throw posternError("Y1001", `"${text}" is not a length of time.`, {
      hint: "Write a number and s, m, h, d or w, for example 7d.",
    });
  }
  return Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs];
}
