/** In charge of telling databases with a Postgres server to themselves from those that share one with others. */
import type { DatabaseRow } from "../state/databases.ts";

export const isOnOwnServer = ({ isolation }: Pick<DatabaseRow, "isolation">): boolean =>
  isolation !== "shared" && isolation !== "external";
