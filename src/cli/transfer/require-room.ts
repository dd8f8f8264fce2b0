/** In charge of refusing an import that the daemon's disk has no room for, before anything is emptied or copied. */
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { checkDiskSpace } from "../../base/disk-space.ts";
import { hasCode } from "../../base/error.ts";
import { withPostgresAt } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import type { Target } from "../target.ts";

/** @param source an address, a path, or `-`. @throws Y4051 */
export async function requireRoom(context: CliContext, target: Target, source: string): Promise<void> {
  // What is behind a foreign address nobody can ask about its disk.
  if (target.kind === "url") return;
  const bytes = await sizeOfSource(context, source);
  if (bytes === undefined) return;
  const control = await context.forDatabase(target);
  const status = await control.status().catch((error: unknown) => {
    // A database's own token does not open the status.
    if (hasCode(error, "Y2001", "Y2002", "Y2003")) return undefined;
    throw error;
  });
  if (!status) return;
  const { free_bytes: freeBytes, reserve_bytes: reserveBytes } = status.disk;
  checkDiskSpace({ freeBytes, reserveBytes }, bytes, "What is to be imported");
}

/** At least so much; undefined when that cannot be known before it is read. */
async function sizeOfSource({ directory }: CliContext, source: string): Promise<number | undefined> {
  if (source === "-") return undefined;
  if (/^postgres(?:ql)?:\/\//.test(source))
    return withPostgresAt(source, async (client) => {
      const { rows } = await client.query<{ size: string }>(
        "select pg_database_size(current_database()) as size",
      );
      return Number(rows[0]!.size);
    });
  return sizeOfPath(resolve(directory, source));
}

/** What is not there is told of by whoever opens it. */
async function sizeOfPath(path: string): Promise<number | undefined> {
  const entry = await stat(path).catch(() => undefined);
  if (!entry?.isDirectory()) return entry?.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOfPath(join(path, name))));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}
