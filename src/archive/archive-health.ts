/** In charge of what a running server and its archive say of how archiving goes. */
import { readFile, truncate } from "node:fs/promises";
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import type { ArchivedServer } from "../state/archives.ts";
import { archiveLayout } from "./archive-layout.ts";

export interface ArchiverFacts {
  lastArchivedAt: Date | null;
  /** The last attempt failed. */
  isFailing: boolean;
}

/** Undefined while the server sleeps or does not answer; it is not woken. */
export async function readArchiver(
  platform: Pick<Platform, "config">,
  server: Pick<ArchivedServer, "instance_id" | "tcp_port">,
): Promise<ArchiverFacts | undefined> {
  const instance = { id: server.instance_id, tcp_port: server.tcp_port };
  return withLook(platform, instance, {}, async (client) => {
    const { rows } = await client.query<{ archived: Date | null; failing: boolean }>(`
      select last_archived_time as archived,
             coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as failing
        from pg_stat_archiver`);
    return { lastArchivedAt: rows[0]!.archived, isFailing: rows[0]!.failing };
  });
}

export interface PushLog {
  /** When log was given up for the first time since `after`, because the archive took none and it had become too much. */
  droppedAt: Date | null;
  /** The last thing that went wrong. */
  lastWords: string | null;
}

const mostLogBytes = 1024 * 1024;

/** Postgres is told that a given-up file is archived; only pgBackRest's own log knows better. */
export async function readPushLog(
  config: Pick<Platform["config"], "home">,
  server: string,
  after: Date,
): Promise<PushLog> {
  const file = archiveLayout(config, server).pushLog;
  const text = await readFile(file, "utf8").catch(() => "");
  if (text.length > mostLogBytes) await truncate(file).catch(() => {});
  return parsePushLog(text, after);
}

export function parsePushLog(text: string, after: Date): PushLog {
  let droppedAt: Date | null = null;
  let lastWords: string | null = null;
  for (const line of text.split("\n")) {
    const [, time, level, words] =
      /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) P\d+ +(WARN|ERROR): (.*)$/.exec(line) ?? [];
    if (time === undefined) continue;
    if (level === "ERROR") lastWords = words!;
    const at = new Date(`${time.replace(" ", "T")}Z`);
    if (droppedAt === null && at > after && words!.startsWith("dropped WAL file")) droppedAt = at;
  }
  return { droppedAt, lastWords };
}
