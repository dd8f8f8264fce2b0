/** In charge of judging whether a pgBackRest can be had that knows the Postgres of a toolchain. */
import { versionOf } from "./program-version.ts";
import type { Toolchain } from "./toolchain.ts";

/** The first release that knows a major of Postgres; older ones refuse its servers. */
const firstFor: Record<string, number> = { 15: 41, 16: 48, 17: 54, 18: 57 };

/** Does pgBackRest 2.x of this version, for example "2.55.1", know this major of Postgres? */
export function knowsPostgres(version: string, postgresMajor: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const first = firstFor[postgresMajor];
  return major === 2 && first !== undefined && minor >= first;
}

/** The first program of `candidates` that is there and new enough. */
export async function findPgbackrest(
  candidates: readonly string[],
  postgresVersion: string,
): Promise<Toolchain["pgbackrest"]> {
  for (const program of candidates) {
    const version = await versionOf(program, /pgBackRest (\S+)/, "version").catch(() => undefined);
    if (version !== undefined && knowsPostgres(version, postgresVersion.split(".")[0]!))
      return { program, version };
  }
  return null;
}
