/** In charge of where a request came from, also when a worker has handed it on. */
import type { IncomingMessage } from "node:http";

/** Set by workers, which take off what a client sent under this name; believed on the daemon's own socket only. */
export const peerHeader = "x-postern-peer";

/** A gateway's own token, beside what it forwards. */
export const gatewayHeader = "x-postern-gateway";
/** Whom a forwarded request is from; believed where the gateway's token is. */
export const gatewayPeerHeader = "x-postern-gateway-peer";

/** Ports at which the gateway takes Postgres sessions, pooled and direct, and whether it encrypts them: `6432;5433;tls`. */
export const gatewayDoorsHeader = "x-postern-gateway-doors";

export interface Peer {
  /** "" when it is not known. */
  address: string;
  isEncrypted: boolean;
}

const forwarded = new WeakMap<IncomingMessage, Peer>();

/** A gateway that was let in says whom the request is from. */
export function forwardedFor(request: IncomingMessage, description: string): void {
  forwarded.set(request, parsePeer(description));
}

export function peerOf(request: IncomingMessage): Peer {
  const believed = forwarded.get(request);
  if (believed) return believed;
  const { socket, headers } = request;
  const { remoteAddress } = socket;
  // A unix socket has no address.
  if (remoteAddress !== undefined) return { address: remoteAddress, isEncrypted: "encrypted" in socket };
  const given = headers[peerHeader];
  return parsePeer(typeof given === "string" ? given : "");
}

function parsePeer(description: string): Peer {
  const [address = "", scheme] = description.split(";");
  return { address, isEncrypted: scheme === "tls" };
}

export const peerAddressOf = (request: IncomingMessage): string => peerOf(request).address;

/** What `peerOf` reads back. */
export function describePeer(request: IncomingMessage): string {
  const { address, isEncrypted } = peerOf(request);
  return isEncrypted ? `${address};tls` : address;
}
