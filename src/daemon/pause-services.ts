/** In charge of giving the HTTP server the functions behind the routes of databases that sleep. */
import type { Principal } from "../access/principal.ts";
import { describeActivity } from "../databases/describe-activity.ts";
import { describeDatabase, describeRow } from "../databases/describe-database.ts";
import { findDatabase } from "../databases/find-database.ts";
import { pauseDatabase, type RetiringSessions, resumeDatabase } from "../databases/pause-database.ts";
import { setPauseAfter } from "../databases/pause-rules.ts";
import type { PauseService } from "../http/services/database-services.ts";
import type { Platform } from "../instances/platform.ts";
import type { IdleWatch } from "../maintenance/idle-watch.ts";
import { findDatabaseById } from "../state/databases.ts";

/** Statements and transactions under way get as long to end. */
const patienceMs = 10_000;

export function pauseServices(
  platform: Platform,
  sessions: RetiringSessions,
  idleWatch: Pick<IdleWatch, "lastUse">,
): PauseService {
  const find = (principal: Principal, ref: string) => findDatabase(platform.state, principal, ref);
  return {
    async pause(principal, { ref }) {
      const row = await find(principal, ref);
      await pauseDatabase(platform, sessions, row, { patienceMs });
      return describeRow(platform, (await findDatabaseById(platform.state, row.id))!);
    },
    async resume(principal, { ref }) {
      const row = await find(principal, ref);
      await resumeDatabase(platform, row);
      return describeDatabase(platform, (await findDatabaseById(platform.state, row.id))!);
    },
    async setPauseAfter(principal, { ref, after_seconds: seconds }) {
      const row = await find(principal, ref);
      await setPauseAfter(platform, row, seconds);
      return describeRow(platform, (await findDatabaseById(platform.state, row.id))!);
    },
    async describeActivity(principal, { ref }) {
      const row = await find(principal, ref);
      return describeActivity(platform, row, idleWatch.lastUse(row.id));
    },
  };
}
