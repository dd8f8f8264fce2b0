/** In charge of the user's own configuration: which Postern the command line talks to, and as whom. */
import { join } from "node:path";
import { homeDirectory, userConfigDirectory } from "../base/directories.ts";
import { apiAddresses } from "./api-addresses.ts";
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

export const userConfigFile = (): string => join(userConfigDirectory(), "config.json");

export const readUserConfig = async (): Promise<UserConfig> =>
  (await readPrivateFile<UserConfig>(userConfigFile())) ?? {};

export const writeUserConfig = (config: UserConfig): Promise<void> =>
  writePrivateFile(userConfigFile(), config);

export const readDaemonFile = (home: string): Promise<DaemonFile | undefined> =>
  readPrivateFile<DaemonFile>(join(home, "daemon.json"));

export interface ApiAccess {
  url: string;
  apiKey: string | undefined;
}

/**
 * Environment before the user's file; a local daemon's address is the one that it has now. The file's key goes to the
 * Postern that it was made for and to no other address, whatever the environment says.
 */
export async function resolveApiAccess(environment: NodeJS.ProcessEnv = process.env): Promise<ApiAccess> {
  const config = await readUserConfig();
  const { POSTERN_API_URL: givenUrl, POSTERN_API_KEY: givenKey } = environment;
  if (givenUrl) {
    const [url = givenUrl] = apiAddresses(givenUrl);
    return { url, apiKey: givenKey || (givenUrl === config.api_url ? config.api_key : undefined) };
  }
  const home = homeDirectory(environment);
  const local = (await readDaemonFile(home))?.api_url;
  if (config.home === home || config.api_url === undefined) {
    return { url: local ?? config.api_url ?? defaultUrl, apiKey: givenKey || config.api_key };
  }
  // Another home that is named on purpose is another Postern, and the file's key is not for it.
  if (environment.POSTERN_HOME) return { url: local ?? defaultUrl, apiKey: givenKey };
  return { url: config.api_url, apiKey: givenKey || config.api_key };
}

const defaultUrl = "http://127.0.0.1:5480";
