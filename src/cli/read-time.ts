/** In charge of reading times as people type them: a moment, or how long ago. */
import { parseDuration } from "../base/duration.ts";
import { posternError } from "../base/error.ts";

/** RFC 3339. @throws Y1013 */
export function readTime(text: string, flag: string): string {
  if (/^\d+\s*[a-z]+$/i.test(text)) return new Date(Date.now() - parseDuration(text)).toISOString();
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw posternError("Y1013", `${flag} is "${text}", which is no time.`, {
    hint: "Write a time such as 2026-01-31T12:00Z, or how long ago, such as 2h.",
  });
}
