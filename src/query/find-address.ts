/** In charge of where the requests of a database go, and of refusing them while it cannot take any. */
import { sleep } from "../base/clock.ts";
import { type PosternError, posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { type DatabaseAddress, databaseAddress } from "../instances/database-address.ts";
import type { Platform } from "../instances/platform.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";

/** @throws Y3001 when there is none; Y3004 when it is not ready. */
export async function findAddress(
  platform: Pick<Platform, "state" | "config">,
  id: DatabaseId,
): Promise<DatabaseAddress> {
  const row = await findSettled(platform, id);
  if (!row || row.destroyed_at !== null) throw posternError("Y3001", `There is no database ${id}.`);
  if (row.status !== "ready") throw notReady(row);
  return databaseAddress(platform, row);
}

/** A move to another server is short at its end: requests wait for it instead of failing. */
async function findSettled(
  { state }: Pick<Platform, "state">,
  id: DatabaseId,
): Promise<DatabaseRow | undefined> {
  const deadline = performance.now() + moveWaitMs;
  for (;;) {
    const row = await findDatabaseById(state, id);
    if ((row?.status !== "scaling" && row?.status !== "upgrading") || performance.now() > deadline)
      return row;
    await sleep(lookEveryMs);
  }
}

const moveWaitMs = 20_000;
const lookEveryMs = 50;

const underWay: ReadonlySet<DatabaseRow["status"]> = new Set([
  "creating",
  "restoring",
  "scaling",
  "upgrading",
]);

function notReady({ name, status }: DatabaseRow): PosternError {
  const hint = underWay.has(status)
    ? `It will be ready in a while: \`postern db wait ${name}\`.`
    : `See \`postern db info ${name}\`.`;
  return posternError("Y3004", `Database ${name} is ${status}.`, { hint });
}
