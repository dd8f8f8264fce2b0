/** In charge of cron expressions: five fields, always in UTC. */
import { Cron } from "croner";
import { messageOf, posternError } from "./error.ts";

const minuteMs = 60_000;

/** Parsing costs more than asking, and schedules are few. */
const parsed = new Map<string, Cron>();

function parse(expression: string): Cron {
  const known = parsed.get(expression);
  if (known) return known;
  const cron = new Cron(expression, { timezone: "UTC", paused: true, mode: "5-part" });
  if (parsed.size > 1000) parsed.clear();
  parsed.set(expression, cron);
  return cron;
}

/** @throws Y6010 unless it is an expression that comes true at some time. */
export function checkCron(expression: string): string {
  const text = expression.trim().replaceAll(/\s+/g, " ");
  const wrong = (detail: string) =>
    posternError("Y6010", `"${expression}" is not a schedule.`, {
      detail,
      hint: 'Write minute, hour, day, month and weekday in UTC, for example "0 2 * * *" for 02:00 every day; or off.',
    });
  if (text.length > 200 || !/^(?:@\w+|\S+(?: \S+){4})$/.test(text))
    throw wrong("It does not have five fields.");
  try {
    if (parse(text).nextRun() !== null) return text;
  } catch (error) {
    throw wrong(messageOf(error).replace(/^CronPattern: /, ""));
  }
  throw wrong("It never comes true.");
}

/** The first run after that time. */
export const nextRun = (expression: string, after: Date): Date | null => parse(expression).nextRun(after);

/** The last run at that time or before it. */
export function latestRun(expression: string, at: Date): Date | null {
  // croner looks at what is strictly before, and runs are at whole minutes.
  const withinMinute = new Date(Math.floor(at.getTime() / minuteMs) * minuteMs + minuteMs / 2);
  return parse(expression).previousRuns(1, withinMinute)[0] ?? null;
}
