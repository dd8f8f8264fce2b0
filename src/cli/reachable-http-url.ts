/** In charge of an address for SQL over HTTP that programs on this machine can reach. */
import { lookup } from "node:dns/promises";

const patienceMs = 500;

type Resolve = (name: string) => Promise<unknown>;

/**
 * Browsers and curl take every name below `localhost` for this machine, but many resolvers, and so Node's fetch, know none of
 * them. There the address is the API's, which leads to the same routes.
 */
export async function reachableHttpUrl(url: string, id: string, resolve: Resolve = lookup): Promise<string> {
  const { protocol, hostname, port } = new URL(url);
  if (!hostname.endsWith(".localhost") || (await isKnown(hostname, resolve))) return url;
  return `${protocol}//localhost${port === "" ? "" : `:${port}`}/v1/db/${id}`;
}

/** A resolver that is slow to say no has not said yes. */
async function isKnown(name: string, resolve: Resolve): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((tell) => {
    timer = setTimeout(() => tell(false), patienceMs);
  });
  const known = resolve(name).then(
    () => true,
    () => false,
  );
  return Promise.race([known, late]).finally(() => clearTimeout(timer));
}
