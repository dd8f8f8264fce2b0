/** In charge of the files by which pgBackRest and a server know of an archive. Repeatable. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { ownPath } from "../runtime/own-path.ts";
import { replaceOwned } from "../runtime/replace-owned.ts";
import { adminRole } from "../runtime/server-template.ts";
import { abandonArchive } from "../state/archives.ts";
import type { InstanceRow } from "../state/instances.ts";
import { type ArchiveLayout, archiveLayout } from "./archive-layout.ts";
import {
  archiveAdvice,
  clearArchiveFolder,
  describePlace,
  readAuthority,
  removeAbandonedArchives,
} from "./archive-place.ts";

/** Whatever happens, this long at most is lost with a server's disk. */
export const archiveEverySeconds = 60;

/** Folders and pgBackRest's configuration. @throws Y6022 when the archive's folder cannot be used. */
export async function writeArchiveConfig(
  platform: Platform,
  server: string,
  retentionDays: number,
): Promise<ArchiveLayout> {
  const layout = archiveLayout(platform.config, server);
  try {
    for (const directory of [
      layout.directory,
      layout.logDirectory,
      layout.lockDirectory,
      layout.spoolDirectory,
    ]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await ownPath(directory, platform.account);
    }
    const authority = await readAuthority(platform);
    if (authority !== null) await replaceFile(platform, layout.authorityFile, authority);
    const place = await describePlace(platform, server, layout);
    await replaceFile(
      platform,
      layout.configFile,
      renderConfig(platform, server, layout, { place, retentionDays }),
    );
  } catch (error) {
    if (hasCode(error, "Y6012")) throw error;
    throw posternError("Y6022", `The archive of ${server} cannot be written.`, {
      detail: messageOf(error),
      hint: archiveAdvice(platform),
    });
  }
  return layout;
}

function renderConfig(
  { config, secrets }: Pick<Platform, "config" | "secrets">,
  server: string,
  layout: ArchiveLayout,
  { place, retentionDays }: { place: readonly string[]; retentionDays: number },
): string {
  const { dataDirectory, socketDirectory } = serverLayout(config.home, server);
  return `# Written by Postern.
[global]
${place.join("\n")}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=${secrets.sign(`archive of ${server}`)}
repo1-bundle=y
repo1-block=y
repo1-retention-full-type=time
repo1-retention-full=${retentionDays}
start-fast=y
process-max=2
compress-type=zst
compress-level=1
archive-timeout=60
archive-push-queue-max=${config.pointInTime.queueMegabytes}MiB
log-path=${layout.logDirectory}
log-level-file=warn
lock-path=${layout.lockDirectory}
spool-path=${layout.spoolDirectory}

[${server}]
pg1-path=${dataDirectory}
pg1-socket-path=${socketDirectory}
pg1-port=5432
pg1-user=${adminRole}
`;
}

/** True when the server has to read its settings again. */
export async function writeArchiveCommand(platform: Platform, server: string): Promise<boolean> {
  const { settingsFile, configFile, pushLog } = archiveLayout(platform.config, server);
  const program = platform.toolchain.pgbackrest!.program;
  const options = `--config="${configFile}" --stanza=${server} --log-level-console=warn --log-level-stderr=off`;
  // What it says is kept: nothing else tells that log was given up.
  const command = `"${program}" ${options} archive-push "%p" >> "${pushLog}"`;
  return replaceFile(
    platform,
    settingsFile,
    `# Written by Postern.\narchive_command = '${command.replaceAll("'", "''")}'\narchive_timeout = ${archiveEverySeconds}\n`,
  );
}

/** The server keeps nothing from its next reload on. */
export async function removeArchiveCommand(platform: Platform, server: string): Promise<void> {
  await rm(archiveLayout(platform.config, server).settingsFile, { force: true });
}

/** Everything: what was archived cannot be had back. */
export async function removeArchive(platform: Platform, server: InstanceRow["id"]): Promise<void> {
  await clearArchiveFolder(platform, server, archiveLayout(platform.config, server).directory);
  await clearArchiveFolder(platform, server, join(platform.config.pointInTime.directory, server));
  await abandonArchive(platform.state, server);
  // A store that does not answer now is asked again by whoever looks after archives.
  await removeAbandonedArchives(platform).catch((error: unknown) =>
    platform.observe({ type: "fault", where: "deleting archives", error }),
  );
}

const replaceFile = ({ account }: Platform, file: string, text: string): Promise<boolean> =>
  replaceOwned(file, text, { mode: 0o600, account });
