/**
 * In charge of finding Postgres's own programs on the machine of the user: beside Postern's servers, or installed. Moving
 * data in and out runs there and as the user, so a dump of unknown origin never reaches the daemon.
 */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readConfig } from "../../base/config.ts";
import { posternError } from "../../base/error.ts";

export interface PostgresPrograms {
  /** Folder of pg_dump, pg_restore and psql. */
  bin: string;
  /** For example "17.12". */
  version: string;
  major: number;
}

/** The newest: pg_dump reads servers of its own version and of older ones. @throws Y0002 */
export async function findPostgresPrograms(): Promise<PostgresPrograms> {
  const found = (await Promise.all((await candidates()).map(readVersion))).filter(
    (entry) => entry !== undefined,
  );
  found.sort((a, b) => b.version.localeCompare(a.version, "en", { numeric: true }));
  if (found[0]) return found[0];
  throw posternError("Y0002", "There is no pg_dump here.", {
    detail: "Moving data in and out needs Postgres's own pg_dump, pg_restore and psql on this machine.",
    hint: "`postern up` brings them along; so does the package postgresql-client.",
  });
}

async function candidates(): Promise<string[]> {
  const root = readConfig().toolchainDirectory;
  const own = (await names(root)).map((name) => join(root, name, "usr/lib/postgresql"));
  const folders = [...own, "/usr/lib/postgresql"];
  const nested = await Promise.all(
    folders.map(async (folder) => (await names(folder)).map((major) => join(folder, major, "bin"))),
  );
  return [...nested.flat(), ...(process.env.PATH ?? "").split(":").filter((path) => path !== "")];
}

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

async function readVersion(bin: string): Promise<PostgresPrograms | undefined> {
  try {
    const { stdout } = await promisify(execFile)(join(bin, "pg_dump"), ["--version"]);
    const version = /\(PostgreSQL\) (\d[\w.]*)/.exec(stdout)?.[1];
    return version === undefined ? undefined : { bin, version, major: Number.parseInt(version, 10) };
  } catch {
    return undefined;
  }
}
