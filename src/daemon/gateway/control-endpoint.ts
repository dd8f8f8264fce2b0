/** In charge of one control plane as a gateway reaches it: its address, whom to trust there, and connections that are kept. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { posternError } from "../../base/error.ts";
import { isLoopback } from "../../base/listen.ts";

export interface ControlEndpoint {
  /** As it was given, without a path. */
  url: string;
  host: string;
  port: number;
  /** Null: in the clear. */
  tls: { ca: string[] | undefined; servername: string | undefined } | null;
  request(options: RequestOptions): ClientRequest;
  close(): void;
}

/** Well below the minute after which servers close what is idle: none is closed while a request is on its way. */
const idleMs = 20_000;

export interface EndpointOptions {
  ca: string[] | undefined;
  /** The network encrypts by itself. */
  insecure: boolean;
}

/** @throws Y8052 */
export function openEndpoint(text: string, { ca, insecure }: EndpointOptions): ControlEndpoint {
  const url = parseControlUrl(text, insecure);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isEncrypted = url.protocol === "https:";
  const port = Number(url.port) || (isEncrypted ? 443 : 80);
  const keep = { keepAlive: true, keepAliveMsecs: 10_000, maxFreeSockets: 32, timeout: idleMs };
  const agent = isEncrypted ? new HttpsAgent({ ...keep, ...(ca && { ca }) }) : new HttpAgent(keep);
  const servername = isIP(host) ? undefined : host;
  return {
    url: url.origin,
    host,
    port,
    tls: isEncrypted ? { ca, servername } : null,
    request: (options) =>
      (isEncrypted ? httpsRequest : httpRequest)({
        ...options,
        agent,
        host,
        port,
        ...(isEncrypted && servername !== undefined && { servername }),
      }),
    close: () => agent.destroy(),
  };
}

/** @throws Y8052 where it is none, or what travels there could be read on the way */
export function parseControlUrl(text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && ["http:", "https:"].includes(url.protocol) && url.username === "" && url.search === "";
  if (!isPlain || url.pathname !== "/") {
    throw posternError("Y8052", `"${text}" is not the address of a control plane.`, {
      hint: "Give its https address without a path: --control https://postern.example.com; several by commas.",
    });
  }
  if (url.protocol === "http:" && !insecure && !isLoopback(url.hostname.replace(/^\[|\]$/g, ""))) {
    throw posternError("Y8052", `${url.origin} is not encrypted.`, {
      detail: "Passwords of databases are told to gateways, and would be readable on the way.",
      hint: "Use https; --insecure (POSTERN_INSECURE=1) goes without, for networks that encrypt by themselves.",
    });
  }
  return url;
}
