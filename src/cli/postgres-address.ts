/** In charge of a Postgres address as `pg` is to take it: `sslmode` means what it means to every other client. */
import type { ConnectionOptions } from "node:tls";
import { privateAuthority } from "./private-authority.ts";

export interface PostgresAddress {
  connectionString: string;
  ssl?: ConnectionOptions;
}

/**
 * `require` encrypts and asks for no proof, but where POSTERN_CA_CERT says whom to believe, that is checked; `verify-full`
 * always is. Everything else, addresses with authorities of their own included, is for `pg` to read.
 */
export function postgresAddress(url: string): PostgresAddress {
  const mode = /[?&]sslmode=(require|verify-full)(?=&|$)/.exec(url)?.[1];
  if (mode === undefined || url.includes("sslrootcert=")) return { connectionString: url };
  const ca = privateAuthority();
  const connectionString = url.replace(/([?&])sslmode=[^&]*(&|$)/, (_whole, before: string, after: string) =>
    after === "&" ? before : "",
  );
  if (ca !== undefined) return { connectionString, ssl: { ca } };
  return { connectionString, ssl: { rejectUnauthorized: mode === "verify-full" } };
}

/** `host:port/database`, without secrets. */
export function describeUrl(url: string): string {
  try {
    const { host, pathname, searchParams } = new URL(url);
    return `${searchParams.get("host") ?? host}${decodeURIComponent(pathname)}`;
  } catch {
    return "the database of this address";
  }
}
