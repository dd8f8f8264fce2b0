/** In charge of saying who can reach Postern, and how. */
import type { DaemonStatus } from "@postern/sdk/protocol";

export function describeListen({ listen: { address, exposed, certificate } }: DaemonStatus): string {
  const who = exposed ? `other machines, by ${address}` : `this machine only (${address})`;
  if (certificate === null) return exposed ? `${who}, unencrypted` : who;
  return `${who}, TLS until ${certificate.expires_at.slice(0, 10)}`;
}
