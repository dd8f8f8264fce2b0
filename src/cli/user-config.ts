/** In charge of the user's own configuration: which Postern the command line talks to, and as whom. */
import { join } from "node:path";
import { homeDirectory, userConfigDirectory } from "../base/config.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

export interface UserConfig {
  api_url?: string;
  api_key?: string;
  /** The home that `postern up` made the key for. */
  home?: string;
}

/** What `<home>/daemon.json` tells. */
export interface DaemonFile {
  pid: number;
  api_url: string;
  started_at: string;
  version: string;
}

const configFile = () => join(userConfigDirectory(), "config.json");

export const readUserConfig = async (): Promise<UserConfig> =>
  (await readPrivateFile<UserConfig>(configFile())) ?? {};

export const writeUserConfig = (config: UserConfig): Promise<void> => writePrivateFile(configFile(), config);

export const readDaemonFile = (home: string): Promise<DaemonFile | undefined> =>
  readPrivateFile<DaemonFile>(join(home, "daemon.json"));

export interface ApiAccess {
  url: string;
  apiKey: string | undefined;
}

/** Environment before the user's file; a local daemon's address is the one that it has now. */
export async function resolveApiAccess(environment: NodeJS.ProcessEnv = process.env): Promise<ApiAccess> {
  const config = await readUserConfig();
  const apiKey = environment.POSTERN_API_KEY || config.api_key;
  if (environment.POSTERN_API_URL) return { url: environment.POSTERN_API_URL, apiKey };
  const home = homeDirectory(environment);
  const isLocal = config.api_url === undefined || config.home === home;
  const local = isLocal ? (await readDaemonFile(home))?.api_url : undefined;
  return { url: local ?? config.api_url ?? "http://127.0.0.1:5480", apiKey };
}
