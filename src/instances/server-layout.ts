/** In charge of where the files of a server are below the home. */
import { join } from "node:path";

export interface ServerLayout {
  directory: string;
  dataDirectory: string;
  socketDirectory: string;
  logFile: string;
  /** Settings that come and go while the server runs: whether and how its log is archived. */
  archiveSettingsFile: string;
}

export function serverLayout(home: string, name: string): ServerLayout {
  const directory = join(home, "instances", name);
  return {
    directory,
    dataDirectory: join(directory, "data"),
    socketDirectory: join(home, "run", name),
    logFile: join(directory, "postgres.log"),
    archiveSettingsFile: join(home, "point-in-time", name, "server.conf"),
  };
}
