/** In charge of the name under which URLs reach Postern's servers, and whether what passes there is encrypted. */

import { isLoopback, isWildcard, type ListenConfig } from "../base/listen.ts";
import { type Certificate, covers } from "../base/read-certificate.ts";

export interface ServerAddress {
  host: string;
  isEncrypted: boolean;
}

/**
 * The first of its names that the certificate covers; without TLS the most public one. Whoever is on this machine only is
 * reached at its loopback address, whatever the domain is.
 */
export function chooseAddress(
  { listen, hosts, domain }: Pick<ListenConfig, "listen" | "hosts"> & { domain: string },
  certificate: Certificate | null,
): ServerAddress {
  const given = domain === "localhost" ? [...hosts] : [domain, ...hosts];
  const bound = isWildcard(listen) ? [] : [listen];
  const local = ["localhost", "127.0.0.1"];
  const names = isLoopback(listen) ? [...bound, ...local, ...given] : [...given, ...bound, ...local];
  const covered = certificate && names.find((name) => covers(certificate, name));
  const plain = isLoopback(listen) ? listen : (names.find((name) => name !== "localhost") ?? listen);
  return { host: covered ?? plain, isEncrypted: certificate !== null };
}
