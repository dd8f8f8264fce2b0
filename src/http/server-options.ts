/** In charge of what Postern's HTTP servers put up with, and of their certificate; the daemon and its workers share it. */
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import {
  createServer as createHttpsServer,
  type ServerOptions as HttpsOptions,
  Server as HttpsServer,
} from "node:https";

/** Certificate chain and key, PEM. */
export interface ServerCertificate {
  certificate: string;
  key: string;
}

export interface TransportOptions {
  /** Null: plain HTTP. */
  tls?: ServerCertificate | null;
  /** Longest that a request may take to arrive, milliseconds. */
  requestTimeoutMs?: number;
  /** Connections at once; more are closed as they come. */
  mostConnections?: number;
}

/** Longer than the minute for which proxies keep theirs, so that it is never we who close one in use. */
export const keepAliveTimeoutMs = 65_000;
const headersTimeoutMs = 5_000;
/** Far more than one machine's clients need, and less than would take its memory. */
const mostConnectionsEver = 10_000;

export function serverOptions({ tls = null, requestTimeoutMs = 30_000 }: TransportOptions): HttpsOptions {
  const options: ServerOptions = {
    // Slow senders hold a connection no longer than this; Node's defaults are minutes.
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: 16 * 1024,
    // Whatever NODE_OPTIONS say: what one parser forgives, another reads as a request of its own.
    insecureHTTPParser: false,
  };
  return tls === null ? options : { ...options, handshakeTimeout: 10_000, ...secureContextOf(tls) };
}

export function createTransport(options: TransportOptions, listener: RequestListener): Server {
  const all = serverOptions(options);
  const server = options.tls ? createHttpsServer(all, listener) : createServer(all, listener);
  limitConnections(server, options);
  return server as Server;
}

export function limitConnections(
  server: { maxConnections: number },
  { mostConnections = mostConnectionsEver }: TransportOptions,
): void {
  server.maxConnections = mostConnections;
}

/** New connections get this certificate; those that are open keep theirs. Nothing to do without TLS. */
export function renewCertificate(server: object, certificate: ServerCertificate): void {
  if (server instanceof HttpsServer) server.setSecureContext(secureContextOf(certificate));
}

/** TLS below 1.2 is broken; Node's own choice of ciphers is a good one. */
const secureContextOf = ({ certificate, key }: ServerCertificate) =>
  ({ cert: certificate, key, minVersion: "TLSv1.2" }) as const;
