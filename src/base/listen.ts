/** In charge of the address that everything binds to: what may be configured, whom it reaches, and what it asks for. */
import { isIP } from "node:net";
import { posternError } from "./error.ts";

export interface ListenConfig {
  /** Address that everything but Postern's own server binds to. */
  listen: string;
  /** Other machines may come without encryption. */
  insecure: boolean;
  /** Certificate chain and key, PEM; null: nothing is encrypted. */
  tls: TlsFiles | null;
  /** Names beside the domain under which Postern itself may be called. */
  hosts: readonly string[];
}

export interface TlsFiles {
  certificateFile: string;
  keyFile: string;
}

/** Can only this machine reach it? */
export const isLoopback = (address: string): boolean =>
  address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);

/** Every address of the machine. */
export const isWildcard = (address: string): boolean => address === "0.0.0.0" || address === "::";

/** As in a URL. */
export const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** An address of `listen` that this machine reaches itself at. */
export const localAddress = (listen: string): string => (isLoopback(listen) ? listen : "127.0.0.1");

/** @throws Y0001 */
export function checkListen(address: string): string {
  if (address === "localhost") return "127.0.0.1";
  if (isIP(address) !== 0 && !address.includes("%")) return address;
  throw posternError("Y0001", `"${address}" is not an address to listen on.`, {
    hint: "Use an IP address of this machine in POSTERN_LISTEN or --listen, or 0.0.0.0 for all of them.",
  });
}

/** @throws Y0001 */
export function checkHosts(text: string): string[] {
  const names = text
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  for (const name of names) {
    if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) || isIP(name) === 6) continue;
    throw posternError("Y0001", `"${name}" in POSTERN_HOSTS is not a host name.`, {
      hint: "Separate names by commas, without ports or schemes: POSTERN_HOSTS=db.example.com,10.0.0.5",
    });
  }
  return names;
}

/** What passes over a network is encrypted, or the operator has said that it need not be. @throws Y0011 */
export function requireSafeListen({ listen, insecure, tls }: ListenConfig): void {
  if (isLoopback(listen) || tls !== null || insecure) return;
  throw posternError("Y0011", `Postern does not listen on ${listen} without TLS.`, {
    detail: "Passwords, tokens and data would be readable on the way.",
    hint: "Set POSTERN_TLS_CERT and POSTERN_TLS_KEY; --insecure (POSTERN_INSECURE=1) goes without, for networks that encrypt by themselves.",
  });
}
