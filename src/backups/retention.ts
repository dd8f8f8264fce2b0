/** In charge of how long backups are kept. */
import type { DatabaseClass } from "@postern/sdk/protocol";
import { parseDuration } from "../base/duration.ts";

const dayMs = 86_400_000;
const daysOf: Record<DatabaseClass, number> = { "db.p1": 7, "db.p2": 30, "db.p3": 90 };

/** @param retention for example `90d`; by default what the class says. @throws Y1001 */
export function expiryOf(now: Date, databaseClass: DatabaseClass, retention?: string): Date {
  const keepMs = retention === undefined ? daysOf[databaseClass] * dayMs : parseDuration(retention);
  return new Date(now.getTime() + keepMs);
}
