/** In charge of reading what an archive holds. */
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { callPgbackrest } from "./call-pgbackrest.ts";

export interface ArchivedBackup {
  label: string;
  type: "full" | "diff" | "incr";
  /** From this moment on the server can be had back by it. */
  stoppedAt: Date;
  /** Of the server when it was made. */
  sizeBytes: number;
}

export interface ArchiveInfo {
  /** Oldest first. */
  backups: ArchivedBackup[];
  /** Of all backups together, in the archive. */
  repositoryBytes: number;
}

interface InfoAnswer {
  backup: {
    label: string;
    type: ArchivedBackup["type"];
    timestamp: { stop: number };
    info: { size: number; repository: { delta: number } };
    error?: boolean;
    "database-ref"?: { name: string; oid: number }[];
  }[];
}

/** @throws Y6022 */
export async function readArchiveInfo(platform: Platform, server: string): Promise<ArchiveInfo> {
  const backups = (await ask(platform, server, []))?.backup ?? [];
  return {
    backups: backups.map(({ label, type, timestamp, info }) => ({
      label,
      type,
      // Whole seconds, cut off: the backup may have ended up to a second later.
      stoppedAt: new Date((timestamp.stop + 1) * 1000),
      sizeBytes: info.size,
    })),
    repositoryBytes: backups.reduce((sum, { info }) => sum + (info.repository?.delta ?? 0), 0),
  };
}

/** Names of the databases that a backup holds. @throws Y6022 */
export async function readBackupDatabases(
  platform: Platform,
  server: string,
  label: string,
): Promise<string[]> {
  const answer = await ask(platform, server, [`--set=${label}`]);
  return (answer?.backup[0]?.["database-ref"] ?? []).map(({ name }) => name);
}

async function ask(platform: Platform, server: string, options: string[]): Promise<InfoAnswer | undefined> {
  const end = await callPgbackrest(platform, server, {
    command: "info",
    // Whoever looks at a status does not wait long for a store that is away.
    options: ["--output=json", "--io-timeout=4", ...options],
  });
  if (end.code !== 0)
    throw posternError("Y6022", `The archive of ${server} cannot be read.`, { detail: end.message });
  return (JSON.parse(end.stdout) as InfoAnswer[])[0];
}
