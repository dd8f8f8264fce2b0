/** In charge of what services are given by their manifest: variables of the user's own filled in, Postern's left to Postern. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { posternError } from "../base/error.ts";
import { interpolate } from "../manifest/interpolate.ts";
import { type Manifest, reservedVariables } from "../manifest/manifest.ts";
import { readTextIfAny } from "./project-file.ts";

/**
 * `${NAME}` is taken from the environment and then from `.env` beside the manifest, as Compose does. @throws Y7002 Y1013
 */
export async function serviceVariables(
  manifest: Manifest,
  directory: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Record<string, Record<string, string>>> {
  const beside = parseEnv(await readTextIfAny(join(directory, ".env"))) as Record<string, string | undefined>;
  const known = { ...beside, ...environment };
  const result: Record<string, Record<string, string>> = {};
  for (const service of Object.values(manifest.services)) {
    if (service.role === "managed_db") continue;
    const own: Record<string, string> = {};
    for (const file of service.env_file) Object.assign(own, await readEnvFile(directory, file));
    for (const [name, text] of Object.entries(service.environment)) {
      // Compose's `environment: [NAME]`: the value of that name.
      own[name] = interpolate(text, {
        managed: ({ service: of, field }) => `\${managed.${of}.${field}}`,
        variable: (wanted) => known[wanted],
        missing: (wanted, message) => {
          throw posternError(
            "Y1013",
            `Service ${service.name} needs the variable ${wanted}${message ? `: ${message}` : "."}`,
            {
              hint: `Set ${wanted}, or write it into .env beside the manifest.`,
            },
          );
        },
      });
    }
    result[service.name] = own;
  }
  return result;
}

/** A development's own addresses are none of a release's. */
async function readEnvFile(directory: string, file: string): Promise<Record<string, string>> {
  const text = await readFile(join(directory, file), "utf8").catch((error: unknown) => {
    throw posternError("Y7002", `There is no file ${file}, which env_file names.`, { cause: error });
  });
  const values = parseEnv(text) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => !(reservedVariables as readonly string[]).includes(name)),
  );
}
