/** In charge of the variables by which programs find a database. */
import type { DatabaseUrls } from "@postern/sdk/protocol";

export function databaseVariables(
  urls: DatabaseUrls,
  id: string,
  token: string | undefined,
): Record<string, string> {
  const separator = urls.pooled.includes("?") ? "&" : "?";
  return {
    DATABASE_URL: urls.pooled,
    DIRECT_URL: urls.direct,
    DATABASE_ID: id,
    ...(token === undefined ? {} : { DATABASE_TOKEN: token }),
    DATABASE_HOST: urls.host,
    DATABASE_HTTP_URL: urls.http,
    PRISMA_DATABASE_URL: `${urls.pooled}${separator}pgbouncer=true&connection_limit=1`,
  };
}
