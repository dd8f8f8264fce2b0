/** In charge of what the Host header says: one database, Postern itself, or a name that is none of ours. */
import { bracketed } from "../base/listen.ts";

export interface HostRules {
  /** Databases are served at `<id>.<domain>`. */
  domain: string;
  /** Address that the server is bound to. */
  listen: string;
  /** Further names of Postern itself. */
  hosts?: readonly string[];
}

export interface RequestHost {
  /** The database whose host this is. */
  databaseIdOf(host: string | undefined): string | undefined;
  /**
   * Is this a name under which the control plane may be called? A page of a foreign site can make a browser reach a
   * loopback address by a name of its own (DNS rebinding), and the browser then takes Postern for that site: only the
   * Host header still tells.
   */
  isOwn(host: string | undefined): boolean;
}

const escapePattern = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

export function createRequestHost({ domain, listen, hosts = [] }: HostRules): RequestHost {
  const port = "(?::\\d{1,5})?";
  const databaseHost = new RegExp(`^(db-[0-9a-f]{12})\\.${escapePattern(domain)}\\.?${port}$`, "i");
  const names = ["localhost", domain, listen, ...hosts].map((name) => escapePattern(bracketed(name)));
  const ownHost = new RegExp(`^(?:${names.join("|")}|127(?:\\.\\d{1,3}){3}|\\[::1\\])\\.?${port}$`, "i");
  return {
    databaseIdOf: (host) => (host === undefined ? undefined : databaseHost.exec(host)?.[1]?.toLowerCase()),
    isOwn: (host) => host !== undefined && ownHost.test(host),
  };
}
