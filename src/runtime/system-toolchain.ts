/** In charge of the Postgres and PgBouncer that the system has: which there are, and whether they are enough. */
import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { findPgbackrest } from "./find-pgbackrest.ts";
import { versionOf } from "./program-version.ts";
import type { Toolchain } from "./toolchain.ts";

const packagesRoot = "/usr/lib/postgresql";
const programs = ["postgres", "initdb", "pg_dump", "pg_restore", "psql"];

/** Postgres >= 16 with all its programs and PgBouncer >= 1.21; the newest Postgres wins. */
export async function findSystemToolchain(): Promise<Toolchain | undefined> {
  const pgbouncer = await findPooler();
  if (!pgbouncer) return undefined;
  for (const postgresBin of await postgresDirectories()) {
    if (!(await hasAll(postgresBin))) continue;
    const postgresVersion = await versionOf(join(postgresBin, "postgres"), /\(PostgreSQL\) (\S+)/);
    if (Number.parseInt(postgresVersion, 10) >= 16) {
      return {
        directory: "system",
        postgresBin,
        postgresVersion,
        pgbouncer: pgbouncer.program,
        pgbouncerVersion: pgbouncer.version,
        pgbackrest: await findPgbackrest(
          [...searchPath().map((directory) => join(directory, "pgbackrest")), "/usr/bin/pgbackrest"],
          postgresVersion,
        ),
      };
    }
  }
  return undefined;
}

/** Majors that are installed as the distribution's packages install them. */
export async function listSystemMajors(): Promise<string[]> {
  const majors = (await readdir(packagesRoot).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const complete = await Promise.all(majors.map((major) => hasAll(join(packagesRoot, major, "bin"))));
  return majors.filter((_, index) => complete[index]);
}

/** One of them. */
export async function findSystemPostgres(
  major: string,
): Promise<{ bin: string; version: string } | undefined> {
  const bin = join(packagesRoot, major, "bin");
  if (!(await hasAll(bin))) return undefined;
  const version = await versionOf(join(bin, "postgres"), /\(PostgreSQL\) (\S+)/).catch(() => undefined);
  return version === undefined ? undefined : { bin, version };
}

async function findPooler(): Promise<{ program: string; version: string } | undefined> {
  for (const directory of [...searchPath(), "/usr/sbin", "/usr/local/sbin"]) {
    const program = join(directory, "pgbouncer");
    const version = await versionOf(program, /PgBouncer (\S+)/).catch(() => undefined);
    const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
    if (version !== undefined && (major > 1 || minor >= 21)) return { program, version };
  }
  return undefined;
}

async function postgresDirectories(): Promise<string[]> {
  const majors = (await readdir(packagesRoot).catch(() => [])).sort((a, b) => Number(b) - Number(a));
  return [...majors.map((major) => join(packagesRoot, major, "bin")), ...searchPath()];
}

const searchPath = (): string[] =>
  (process.env.PATH ?? "").split(delimiter).filter((directory) => directory.startsWith("/"));

async function hasAll(directory: string): Promise<boolean> {
  const found = await Promise.all(
    programs.map((name) =>
      access(join(directory, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}
