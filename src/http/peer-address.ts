/** In charge of the address that a request came from, also where a worker has handed it on. */
import type { IncomingMessage } from "node:http";

/** Set by workers, which take off what a client sent under this name; believed on the daemon's own socket only. */
export const peerHeader = "x-postern-peer";

export function peerAddressOf(request: IncomingMessage): string {
  const { remoteAddress } = request.socket;
  // A unix socket has no address.
  if (remoteAddress !== undefined) return remoteAddress;
  const given = request.headers[peerHeader];
  return typeof given === "string" ? given : "";
}
