/** In charge of the settings of the command line: what counts here, and where each comes from. */
import { homeDirectory, userConfigDirectory } from "../base/directories.ts";
import { posternError } from "../base/error.ts";
import { suggest } from "../manifest/suggest.ts";
import { commandVariables, daemonVariables, gatewayVariables } from "./known-variables.ts";
import { findProject } from "./project-file.ts";
import { findProjectReference } from "./project-reference.ts";
import { readUserConfig, resolveApiAccess, userConfigFile } from "./user-config.ts";
import { maskSecret } from "./variables.ts";

export interface Setting {
  key: string;
  value: string | null;
  /** `POSTERN_DB`, a file, `the running daemon`, or `default`; null: it is not set. */
  origin: string | null;
  secret: boolean;
}

/** What may stand in the user's configuration. */
export const storedKeys = ["api_url", "api_key", "home"] as const;
export type StoredKey = (typeof storedKeys)[number];

/** @throws Y1013 */
export function requireStoredKey(key: string): StoredKey {
  const known = storedKeys.find((one) => one === key);
  if (known) return known;
  const near = suggest(key, storedKeys);
  throw posternError("Y1013", `The user's configuration has no "${key}".`, {
    hint: near === undefined ? `It has ${storedKeys.join(", ")}.` : `Did you mean ${near}?`,
  });
}

/** In the order in which they are shown. */
export async function readSettings(
  directory: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Setting[]> {
  return [
    ...(await apiSettings(environment)),
    setting("config_dir", userConfigDirectory(environment), originOf("POSTERN_CONFIG_DIR", environment)),
    setting("home", homeDirectory(environment), originOf("POSTERN_HOME", environment)),
    ...(await targetSettings(directory, environment)),
    ...variableSettings(environment),
  ];
}

const setting = (key: string, value: string | undefined, origin: string, secret = false): Setting =>
  value === undefined || value === ""
    ? { key, value: null, origin: null, secret }
    : { key, value, origin, secret };

const originOf = (variable: string, environment: NodeJS.ProcessEnv): string =>
  environment[variable] ? variable : "default";

async function apiSettings(environment: NodeJS.ProcessEnv): Promise<Setting[]> {
  const { url, apiKey } = await resolveApiAccess(environment);
  const stored = await readUserConfig();
  const urlOrigin = environment.POSTERN_API_URL
    ? "POSTERN_API_URL"
    : (await isLocal(url, environment))
      ? "the running daemon"
      : url === stored.api_url
        ? userConfigFile()
        : "default";
  const keyOrigin = environment.POSTERN_API_KEY ? "POSTERN_API_KEY" : userConfigFile();
  return [setting("api_url", url, urlOrigin), setting("api_key", apiKey, keyOrigin, true)];
}

async function isLocal(url: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const { readDaemonFile } = await import("./user-config.ts");
  return (await readDaemonFile(homeDirectory(environment)))?.api_url === url;
}

/** What a command without a target is about: the first that is set counts. */
async function targetSettings(directory: string, environment: NodeJS.ProcessEnv): Promise<Setting[]> {
  const project = await findProject(directory);
  const reference = await findProjectReference(directory);
  const file = project ? `${project.directory}/.postern/config.json` : "";
  const fromEnvironment = (["POSTERN_DB", "POSTERN_ENV", "POSTERN_URL"] as const).find(
    (name) => environment[name],
  );
  const { POSTERN_DB, POSTERN_ENV, POSTERN_URL, POSTERN_PROJECT, DATABASE_TOKEN } = environment;
  return [
    fromEnvironment === undefined
      ? setting("db", project && `${project.link.name} (${project.link.database_id})`, file)
      : setting("db", fromEnvironment === "POSTERN_DB" ? POSTERN_DB : undefined, "POSTERN_DB"),
    setting("env", fromEnvironment === "POSTERN_ENV" ? POSTERN_ENV : undefined, "POSTERN_ENV"),
    setting("url", fromEnvironment === "POSTERN_URL" ? POSTERN_URL : undefined, "POSTERN_URL", true),
    setting("token", DATABASE_TOKEN ?? project?.link.token, DATABASE_TOKEN ? "DATABASE_TOKEN" : file, true),
    setting("migrations", project?.link.migrations, file),
    POSTERN_PROJECT
      ? setting("project", POSTERN_PROJECT, "POSTERN_PROJECT")
      : setting("project", reference?.project, ".postern/project.json"),
  ];
}

const shownAbove = new Set([
  "POSTERN_API_URL",
  "POSTERN_API_KEY",
  "POSTERN_CONFIG_DIR",
  "POSTERN_HOME",
  "POSTERN_DB",
  "POSTERN_ENV",
  "POSTERN_URL",
  "POSTERN_PROJECT",
  "DATABASE_TOKEN",
]);

/** The others by their own names; the daemon's count at its next start. */
function variableSettings(environment: NodeJS.ProcessEnv): Setting[] {
  return [...commandVariables, ...daemonVariables, ...gatewayVariables]
    .filter(({ name }) => !shownAbove.has(name))
    .map(({ name, fallback, secret }) =>
      setting(
        name.replace("POSTERN_", "").toLowerCase(),
        environment[name] || fallback,
        originOf(name, environment),
        secret === true,
      ),
    );
}

export const maskSetting = (one: Setting): Setting =>
  one.secret && one.value !== null ? { ...one, value: mask(one.value) } : one;

/** A password has no beginning that may be seen. */
const mask = (value: string): string => (/^(\w+:\/\/|pk_)/.test(value) ? maskSecret(value) : "****");
