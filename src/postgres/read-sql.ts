/** In charge of reading the SQL files that stand beside the code. */
import { readFile } from "node:fs/promises";

export type SqlFile =
  | "instance"
  | "template"
  | "ledger"
  | "state-log"
  | "dumped-roles"
  | "client-access"
  | "identity"
  | "read-schema";

/** Text of `src/postgres/sql/<name>.sql`. */
export const readSql = (name: SqlFile): Promise<string> =>
  readFile(new URL(`./sql/${name}.sql`, import.meta.url), "utf8");
