/** In charge of where a server's archive and its settings are. */
import { dirname, join } from "node:path";
import type { Config } from "../base/config.ts";
import { serverLayout } from "../instances/server-layout.ts";

export interface ArchiveLayout {
  directory: string;
  configFile: string;
  /** What the server itself reads. */
  settingsFile: string;
  logDirectory: string;
  /** What pgBackRest says when the server hands its log over. */
  pushLog: string;
  lockDirectory: string;
  spoolDirectory: string;
  /** Trusted besides the well-known authorities, when the archive is in a store. */
  authorityFile: string;
}

export function archiveLayout(config: Pick<Config, "home">, server: string): ArchiveLayout {
  const settingsFile = serverLayout(config.home, server).archiveSettingsFile;
  const directory = dirname(settingsFile);
  return {
    directory,
    settingsFile,
    configFile: join(directory, "pgbackrest.conf"),
    logDirectory: join(directory, "log"),
    pushLog: join(directory, "log", "push.log"),
    lockDirectory: join(directory, "lock"),
    spoolDirectory: join(directory, "spool"),
    authorityFile: join(directory, "authority.crt"),
  };
}
