/** In charge of what a toolchain is: the Postgres, PgBouncer and pgBackRest programs that one Postern runs. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Toolchain {
  /** Folder of the toolchain, or "system". */
  directory: string;
  /** Holds postgres, initdb, pg_dump, pg_restore, psql. */
  postgresBin: string;
  pgbouncer: string;
  /** For example "17.11". */
  postgresVersion: string;
  pgbouncerVersion: string;
  /** Null where there is none that knows this Postgres: then nothing can be recovered to a point in time. */
  pgbackrest: { program: string; version: string } | null;
}

/** Path of a Postgres program. */
export const postgresProgram = (
  toolchain: Toolchain,
  name:
    | "postgres"
    | "initdb"
    | "pg_config"
    | "pg_controldata"
    | "pg_dump"
    | "pg_restore"
    | "psql"
    | "pgbench",
): string => join(toolchain.postgresBin, name);

/** Major version of the toolchain's Postgres, for example "17". */
export const postgresMajor = (toolchain: Toolchain): string => toolchain.postgresVersion.split(".")[0]!;

/** Major that a data directory belongs to; undefined when there is none. */
export const readMajor = (dataDirectory: string): Promise<string | undefined> =>
  readFile(join(dataDirectory, "PG_VERSION"), "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
