/** In charge of bringing a server's files back from its archive, and of carrying them to a moment on a server of their own. */
import { mkdir, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { sleep } from "../base/clock.ts";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { clearDirectory } from "../runtime/clear-directory.ts";
import { ownPath } from "../runtime/own-path.ts";
import type { ServerSpec } from "../runtime/runtime.ts";
import { type ArchivedBackup, readArchiveInfo } from "./archive-info.ts";
import { pgbackrest } from "./back-up-server.ts";

export interface RestorePlan {
  /** Whose archive it is. */
  source: string;
  /** Null: the newest that there is. */
  until: Date | null;
  /** The backup to begin with; null: the newest. */
  backup: ArchivedBackup | null;
  /** Databases whose contents are left out. */
  without: readonly string[];
  /** The restored server must not write into the archive that it comes from. */
  archives: boolean;
}

/**
 * The server's log up to now, and a commit that is later than every moment asked for: without one, replay would not know
 * that it has come far enough. @throws Y6022 when the archive does not take it.
 */
export async function closeArchive(platform: Platform, run: OperationRun, server: string): Promise<void> {
  await withAdmin(platform, server, "postgres", async (client) => {
    await client.query("select pg_current_xact_id()");
    const { rows } = await client.query<{ file: string }>("select pg_walfile_name(pg_switch_wal()) as file");
    const file = rows[0]!.file;
    const deadline = performance.now() + 90_000;
    for (;;) {
      const { rows: archiver } = await client.query<{ last: string | null }>(
        "select last_archived_wal as last from pg_stat_archiver",
      );
      // Names of a backup's history file begin with the file of the log that it belongs to.
      if ((archiver[0]!.last ?? "").slice(0, 24) >= file) return;
      if (performance.now() > deadline)
        throw posternError("Y6022", `The log of server ${server} cannot be archived now.`, {
          hint: "`postern db backup-status` tells the problem.",
        });
      await sleep(100, run.signal);
    }
  });
}

/** The last backup that ended before this moment. @throws Y6021 */
export async function chooseBackup(platform: Platform, server: string, until: Date): Promise<ArchivedBackup> {
  const { backups } = await readArchiveInfo(platform, server);
  const backup = backups.filter(({ stoppedAt }) => stoppedAt <= until).at(-1);
  if (backup) return backup;
  throw posternError("Y6021", `The archive does not reach back to ${until.toISOString()}.`, {
    detail: backups[0] ? `It begins at ${backups[0].stoppedAt.toISOString()}.` : "It holds no backup.",
  });
}

/** Into an empty directory; what was there is gone. @throws Y6024 Y6025 */
export async function restoreFiles(
  platform: Platform,
  run: OperationRun,
  dataDirectory: string,
  plan: RestorePlan,
): Promise<void> {
  const target =
    plan.until === null
      ? ["--type=default"]
      : ["--type=time", `--target=${renderTime(plan.until)}`, "--target-action=promote"];
  const options = [
    `--pg1-path=${dataDirectory}`,
    ...target,
    ...(plan.backup === null ? [] : [`--set=${plan.backup.label}`]),
    ...(plan.archives ? [] : ["--archive-mode=off"]),
    ...plan.without.map((name) => `--db-exclude=${name}`),
  ];
  const bringBack = async () => {
    await makeEmpty(platform, dataDirectory);
    await requireRoom(dataDirectory, plan);
    await pgbackrest(platform, run, {
      id: plan.source,
      command: "restore",
      options,
      writes: dataDirectory,
      onPercent: (percent) => run.progress(percent, 100, "percent"),
    });
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await bringBack();
    } catch (error) {
      run.signal.throwIfAborted();
      if (hasCode(error, "Y6024")) throw error;
      const detail = (error as { detail?: string }).detail ?? messageOf(error);
      // The pgBackRest of a daemon that was killed may have gone on filling the directory until now.
      if (attempt < 5) {
        await sleep(1_000, run.signal);
        continue;
      }
      throw posternError("Y6025", "The files could not be brought back from the archive.", {
        detail,
        cause: error,
      });
    }
  }
}

async function makeEmpty(platform: Platform, dataDirectory: string): Promise<void> {
  await clearDirectory(dataDirectory);
  for (const directory of [dirname(dataDirectory), dataDirectory]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await ownPath(directory, platform.account);
  }
}

/** As the option of pgBackRest wants it, to the microsecond. */
const renderTime = (at: Date): string => at.toISOString().replace("T", " ").replace("Z", "+00");

async function requireRoom(directory: string, { backup, without }: RestorePlan): Promise<void> {
  // How much the left-out databases would take is not known.
  if (backup === null || without.length > 0) return;
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free > backup.sizeBytes * 1.1) return;
  const mib = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
  throw posternError("Y6024", "There is no room for another copy of the server.", {
    detail: `${mib(backup.sizeBytes * 1.1)} are needed, and ${mib(free)} are free.`,
    hint: "Make room on the disk of POSTERN_HOME and try again.",
  });
}

const endedEarly = /recovery ended before configured recovery target was reached/;

/** Starts a restored server and returns when it has reached its moment. @throws Y6021 Y6025 */
export async function replay(platform: Platform, spec: ServerSpec, until: Date | null): Promise<void> {
  try {
    await platform.runtime.start(spec);
  } catch (error) {
    const detail = (error as { detail?: string }).detail ?? messageOf(error);
    if (until !== null && endedEarly.test(detail))
      throw posternError("Y6021", `The archive does not reach as far as ${until.toISOString()}.`, {
        detail: lastReplayed(detail),
        hint: "Choose an earlier moment.",
        cause: error,
      });
    throw posternError("Y6025", "The restored server could not be carried to that moment.", {
      detail,
      cause: error,
    });
  }
}

const lastReplayed = (log: string): string =>
  /last completed transaction was at log time (.*)/.exec(log)?.[0] ?? "Its log ends before.";
