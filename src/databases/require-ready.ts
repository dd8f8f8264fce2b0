/** In charge of refusing work on a database that is being made, restored or destroyed. */
import { posternError } from "../base/error.ts";
import type { DatabaseRow } from "../state/databases.ts";

/** @throws Y3004 unless the database is ready. */
export function requireReady(row: DatabaseRow): DatabaseRow {
  if (row.status === "ready") return row;
  throw posternError("Y3004", `Database ${row.name} is not ready: it is ${row.status}.`, {
    hint: `\`postern db wait ${row.name}\` waits until it is; \`postern ops list\` shows what goes on.`,
  });
}
