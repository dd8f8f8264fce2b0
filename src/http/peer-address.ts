/** In charge of where a request came from, also when a worker has handed it on. */
import type { IncomingMessage } from "node:http";

/** Set by workers, which take off what a client sent under this name; believed on the daemon's own socket only. */
export const peerHeader = "x-postern-peer";

export interface Peer {
  /** "" when it is not known. */
  address: string;
  isEncrypted: boolean;
}

export function peerOf({ socket, headers }: IncomingMessage): Peer {
  const { remoteAddress } = socket;
  // A unix socket has no address.
  if (remoteAddress !== undefined) return { address: remoteAddress, isEncrypted: "encrypted" in socket };
  const given = headers[peerHeader];
  const [address = "", scheme] = typeof given === "string" ? given.split(";") : [];
  return { address, isEncrypted: scheme === "tls" };
}

export const peerAddressOf = (request: IncomingMessage): string => peerOf(request).address;

/** What `peerOf` reads back. */
export function describePeer(request: IncomingMessage): string {
  const { address, isEncrypted } = peerOf(request);
  return isEncrypted ? `${address};tls` : address;
}
