/** In charge of when a database sleeps by itself. */
import { posternError } from "../base/error.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import type { Platform } from "../instances/platform.ts";
import { type DatabaseRow, updateDatabase } from "../state/databases.ts";
import { refuseByIsolation } from "./refuse-by-isolation.ts";

/**
 * Seconds without a statement after which it sleeps; null: never by itself. What is said of a database goes before what
 * the operator has said; production does not sleep unless it is told to.
 */
export function pauseAfterOf(
  { config }: Pick<Platform, "config">,
  row: Pick<DatabaseRow, "isolation" | "class" | "pause_after_seconds">,
): number | null {
  if (!isOnOwnServer(row)) return null;
  const usual = row.class === "db.p3" ? 0 : config.pauseAfterSeconds;
  return (row.pause_after_seconds ?? usual) || null;
}

const leastSeconds = 2;

/** @param seconds 0: never; null: as the operator has set it. @throws Y4012 for a database on a server with others */
export async function setPauseAfter(
  platform: Pick<Platform, "state">,
  row: DatabaseRow,
  seconds: number | null,
): Promise<void> {
  if (seconds) refuseByIsolation(row, "pause");
  if (row.isolation === "shared" && seconds)
    throw posternError("Y4012", `Database ${row.name} shares its server with others, which does not sleep.`, {
      hint: "It costs nothing while it is not used. Only databases with a server of their own sleep by themselves.",
    });
  if (seconds !== null && seconds !== 0 && seconds < leastSeconds)
    throw posternError("Y1001", `A database can sleep after ${leastSeconds} seconds at the earliest.`);
  await updateDatabase(platform.state, row.id, { pause_after_seconds: seconds });
}
