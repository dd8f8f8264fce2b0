/** In charge of where things are kept: all that a command has to know of the configuration. */
import { join } from "node:path";
import { directory, type Environment, xdg } from "./read-variable.ts";

/** The directory of the user's own configuration. */
export function userConfigDirectory(environment: Environment = process.env): string {
  return directory(
    environment,
    "POSTERN_CONFIG_DIR",
    join(xdg(environment, "XDG_CONFIG_HOME", ".config"), "postern"),
  );
}

/** POSTERN_HOME, with its default. */
export function homeDirectory(environment: Environment = process.env): string {
  const fallback = isRoot()
    ? "/var/lib/postern"
    : join(xdg(environment, "XDG_DATA_HOME", ".local/share"), "postern");
  return directory(environment, "POSTERN_HOME", fallback);
}

export const isRoot = () => process.getuid?.() === 0;
