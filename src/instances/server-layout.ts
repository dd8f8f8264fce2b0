/** In charge of where the files of a server are below the home. */
import { join } from "node:path";

export interface ServerLayout {
  directory: string;
  dataDirectory: string;
  socketDirectory: string;
  logFile: string;
}

export function serverLayout(home: string, name: string): ServerLayout {
  const directory = join(home, "instances", name);
  return {
    directory,
    dataDirectory: join(directory, "data"),
    socketDirectory: join(home, "run", name),
    logFile: join(directory, "postgres.log"),
  };
}
