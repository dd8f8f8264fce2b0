/** In charge of finding the database that a caller names, among those that the caller may see. */

import type { Principal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import { type DatabaseRow, findDatabaseById, findDatabases } from "../state/databases.ts";
import type { Queryable } from "../state/state.ts";

export interface FindDatabaseOptions {
  /** Look among the destroyed ones instead of the living. */
  destroyed?: boolean;
}

/**
 * By id or by name. Members see their own, administrators all, a token its own one. What the caller may not see does
 * not exist for it: the answer must not tell that there is such a database. @throws Y3001
 */
export async function findDatabase(
  db: Queryable,
  principal: Principal,
  ref: string,
  { destroyed = false }: FindDatabaseOptions = {},
): Promise<DatabaseRow> {
  const candidates = await visibleDatabases(db, principal, ref, destroyed);
  const row = choose(candidates, principal, ref, destroyed);
  if (row) return row;
  throw posternError("Y3001", `There is no ${destroyed ? "destroyed " : ""}database "${ref}".`, {
    hint: "`postern db list` shows yours.",
  });
}

async function visibleDatabases(
  db: Queryable,
  principal: Principal,
  ref: string,
  destroyed: boolean,
): Promise<DatabaseRow[]> {
  if (principal.kind === "account") {
    const accountId = principal.role === "admin" ? null : principal.accountId;
    return findDatabases(db, { ref, accountId, destroyed });
  }
  const row = await findDatabaseById(db, principal.databaseId);
  const matches = row && (row.id === ref || row.name === ref) && (row.destroyed_at !== null) === destroyed;
  return matches ? [row] : [];
}

/** An id goes before a name, one's own before others', the newest before older ones of that name. */
function choose(
  candidates: DatabaseRow[],
  principal: Principal,
  ref: string,
  destroyed: boolean,
): DatabaseRow | undefined {
  const byId = candidates.find((row) => row.id === ref);
  if (byId) return byId;
  const own = candidates.filter(
    (row) => principal.kind === "account" && row.account_id === principal.accountId,
  );
  if (own.length > 0) return own[0];
  // Only an administrator sees several owners' databases; guessing whose is meant could destroy the wrong one.
  if (new Set(candidates.map((row) => row.account_id)).size > 1) {
    throw posternError("Y1001", `Several ${destroyed ? "destroyed " : ""}databases are named "${ref}".`, {
      detail: `Their ids: ${candidates.map((row) => row.id).join(", ")}.`,
      hint: "Name it by its id.",
    });
  }
  return candidates[0];
}
