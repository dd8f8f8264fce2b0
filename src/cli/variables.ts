/** In charge of the variables by which programs find a database. */
import type { DatabaseUrls } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { databaseVariables } from "../manifest/database-variables.ts";
import { reservedVariables } from "../manifest/manifest.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { reachableHttpUrl } from "./reachable-http-url.ts";
import { requireDatabase } from "./target.ts";

const secretVariables = new Set<string>([
  "DATABASE_URL",
  "DIRECT_URL",
  "PRISMA_DATABASE_URL",
  "DATABASE_TOKEN",
]);

/**
 * DATABASE_TOKEN only where this machine knows the token, as Postern keeps no more than its hash; an environment has one of its
 * own, which is kept for it.
 */
export async function readVariables(
  context: CliContext,
  input: CommandInput,
): Promise<Record<string, string>> {
  const target = await requireDatabase(context, input);
  const control = await context.forDatabase(target);
  if (target.environment) {
    const { project, name, service } = target.environment;
    const values = await control.getManagedValues(project, name, service);
    return localVariables(values, values.id, values.token);
  }
  const [urls, info] = await Promise.all([
    control.getDatabaseUrls(target.ref),
    control.getDatabase(target.ref),
  ]);
  return localVariables(urls, info.id, target.token);
}

/** For programs on this machine, whatever its resolver knows. */
async function localVariables(urls: DatabaseUrls, id: string, token: string | undefined) {
  return databaseVariables({ ...urls, http: await reachableHttpUrl(urls.http, id) }, id, token);
}

export const maskVariables = (variables: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      secretVariables.has(name) ? maskSecret(value) : value,
    ]),
  );

/** A URL without its password, a token by its beginning. */
export const maskSecret = (value: string): string =>
  /^\w+:\/\//.test(value)
    ? value.replace(/^(\w+:\/\/[^:@/]*:)[^@]*@/, "$1****@")
    : `${value.slice(0, 12)}...`;

/** @throws Y8002 for a reserved name with another value than Postern's */
export function refuseReserved(
  given: Record<string, string | undefined>,
  ours: Record<string, string>,
): void {
  for (const name of reservedVariables) {
    const value = given[name];
    if (value === undefined || value === "" || value === ours[name]) continue;
    throw posternError("Y8002", `${name} is set already, and it is Postern's to set.`, {
      detail: "Its value is not the one of this database.",
      hint: `Unset ${name}, or give your own value another name.`,
    });
  }
}
