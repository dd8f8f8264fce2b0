/**
 * In charge of calling pgBackRest for one server: in a sandbox where servers have one. It reads a folder that the server's own
 * superuser may fill as he likes; a link out of it that pgBackRest followed would bring another server's files into his archive.
 */
import { access } from "node:fs/promises";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { type PgbackrestCall, type PgbackrestEnd, runPgbackrest } from "../runtime/pgbackrest.ts";
import type { Reach } from "../runtime/sandbox/sandbox.ts";
import { archiveLayout } from "./archive-layout.ts";
import { archivePlace } from "./archive-place.ts";

export interface ArchiveCall extends Pick<PgbackrestCall, "command" | "options" | "signal" | "onPercent"> {
  /** Where files are brought back to. */
  writes?: string;
}

/** Resolves whatever its exit code. @throws Y6020 where there is no pgBackRest. */
export async function callPgbackrest(
  platform: Platform,
  server: string,
  { writes, ...call }: ArchiveCall,
): Promise<PgbackrestEnd> {
  const { toolchain, account } = platform;
  const { sandbox } = platform.sandbox;
  return runPgbackrest({
    ...call,
    toolchain,
    account,
    configFile: archiveLayout(platform.config, server).configFile,
    stanza: server,
    confinement:
      sandbox === null
        ? null
        : { sandbox, reach: await reachOf(platform, server, writes === undefined ? [] : [writes]) },
  });
}

/** Its archive, and its server's files and socket to read. */
async function reachOf(platform: Platform, server: string, writes: readonly string[]): Promise<Reach> {
  const { dataDirectory, socketDirectory } = serverLayout(platform.config.home, server);
  const { directory, logDirectory, lockDirectory, spoolDirectory } = archiveLayout(platform.config, server);
  const place = archivePlace(platform, server);
  const repository = place.startsWith("file:") ? [place.slice("file:".length)] : [];
  const folders = [logDirectory, lockDirectory, spoolDirectory, ...repository];
  const there = await Promise.all(
    folders.map((folder) =>
      access(folder).then(
        () => [folder],
        () => [],
      ),
    ),
  );
  return {
    reads: [dataDirectory, socketDirectory, directory].filter((path) => !writes.includes(path)),
    writes: [...there.flat(), ...writes],
  };
}
