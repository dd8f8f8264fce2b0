/** In charge of refusing work on a database that is being made, restored or destroyed. */
import { posternError } from "../base/error.ts";
import type { DatabaseRow } from "../state/databases.ts";

/** For what says how a server is and does not ask it. @throws Y4011 while it sleeps */
export function requireAwake(row: DatabaseRow): DatabaseRow {
  if (row.paused_at === null) return row;
  throw posternError("Y4011", `Database ${row.name} is paused.`, {
    hint: `Wake it with any query, or by \`postern db resume ${row.name}\`, and try again.`,
  });
}

/** @throws Y3004 unless the database is ready. */
export function requireReady(row: DatabaseRow): DatabaseRow {
  if (row.status === "ready") return row;
  throw posternError("Y3004", `Database ${row.name} is not ready: it is ${row.status}.`, {
    hint: `\`postern db wait ${row.name}\` waits until it is; \`postern ops list\` shows what goes on.`,
  });
}
