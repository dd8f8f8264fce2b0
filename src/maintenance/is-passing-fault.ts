/** In charge of telling faults that pass by themselves from those that do not. */
import { connectionFailures } from "../base/connection-failures.ts";
import { hasCode, messageOf } from "../base/error.ts";

/** Servers that restart, connections that broke, and two who changed the same row of a catalogue at once. */
export function isPassingFault(error: unknown): boolean {
  if (hasCode(error, ...connectionFailures, "53300", "Y4001", "Y4014", "Y6011", "Y8001")) return true;
  if (hasCode(error, "ENOENT")) return (error as { syscall?: string }).syscall === "connect";
  return /Connection terminated|tuple concurrently (updated|deleted)|connection error and is not queryable|timeout exceeded when trying to connect/i.test(
    messageOf(error),
  );
}
