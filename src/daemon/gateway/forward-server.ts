/**
 * In charge of what stands behind a gateway's workers, where the daemon stands behind its own: it tells how the gateway
 * is, and forwards everything else to a control plane.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isLoopback } from "../../base/listen.ts";
import { findByDigest, hashSecret } from "../../base/secrets.ts";
import { isWebSocketRequest } from "../../http/accept-websockets.ts";
import { findBearer } from "../../http/bearer.ts";
import { peerAddressOf } from "../../http/peer-address.ts";
import type { RequestHost } from "../../http/request-host.ts";
import type { MetricsService } from "../../http/services/server-services.ts";
import type { ControlEndpoint } from "./control-endpoint.ts";
import { forwardRequest } from "./forward-request.ts";
import { forwardUpgrade } from "./forward-upgrade.ts";

export interface ForwardServerOptions {
  token: string;
  insecure: boolean;
  host: RequestHost;
  metrics: MetricsService;
  /** Programs on this machine read metrics without a token. */
  openMetrics: boolean;
  endpoints(): ControlEndpoint[];
  doors(): string;
  health(): { status: "ok" | "draining" | "without_control" };
}

export async function openForwardServer(socketPath: string, options: ForwardServerOptions): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 }, (request, response) => {
    if (!answerOwn(request, response, options)) forwardRequest(request, response, options);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (isWebSocketRequest(request)) void forwardUpgrade(request, socket, head, options);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return server;
}

/** What is asked of the gateway itself, under no database's name. */
function answerOwn(
  request: IncomingMessage,
  response: ServerResponse,
  options: ForwardServerOptions,
): boolean {
  const { method, url = "", headers } = request;
  if ((method !== "GET" && method !== "HEAD") || options.host.databaseIdOf(headers.host) !== undefined)
    return false;
  const path = url.replace(/\?.*$/s, "");
  if (path === "/health" || path === "/healthz") {
    const { status } = options.health();
    sendJson(response, status === "ok" ? 200 : 503, { status });
    return true;
  }
  if (path !== "/metrics") return false;
  if (mayReadMetrics(request, options)) void sendMetrics(response, options.metrics);
  else
    sendJson(response, 401, {
      code: "Y2001",
      message: "A gateway's metrics need the gateway's token.",
      hint: "Send it as `Authorization: Bearer gw_…`; POSTERN_METRICS_PUBLIC=1 opens them to this machine.",
    });
  return true;
}

function mayReadMetrics(request: IncomingMessage, { token, openMetrics }: ForwardServerOptions): boolean {
  const address = peerAddressOf(request).replace(/^::ffff:/, "");
  const isForwarded =
    request.headers.forwarded !== undefined || request.headers["x-forwarded-for"] !== undefined;
  if (openMetrics && !isForwarded && isLoopback(address)) return true;
  const given = request.headers.authorization?.startsWith("Bearer ") ? findBearer(request) : undefined;
  return given !== undefined && findByDigest(hashSecret(given), [{ hash: hashSecret(token) }]) !== undefined;
}

async function sendMetrics(response: ServerResponse, metrics: MetricsService): Promise<void> {
  const text = await metrics.render({ perDatabase: false });
  response.writeHead(200, { "content-type": metrics.contentType, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    ...(status === 503 && { "retry-after": "1" }),
    ...(status === 401 && { "www-authenticate": "Bearer" }),
  });
  response.end(text);
}
