/** In charge of upgrades to WebSocket: at `/v2`, under any host name, a Postgres session runs in binary frames. */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";
import { type PosternError, posternError } from "../base/error.ts";
import { httpStatusOf } from "../base/error-codes.ts";
import type { Observe } from "../base/observation.ts";
import { ignoreUpgrade } from "./ignore-upgrade.ts";
import { peerOf } from "./peer-address.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import { requestIdOf } from "./request-id.ts";
import type { TunnelService } from "./services/query-services.ts";

export interface WebSocketOptions {
  tunnel: TunnelService;
  observe: Observe;
  /** What a client may send before it has logged in, bytes. */
  bytesBeforeLogin: number;
  /** WebSockets open at once. */
  mostSockets?: number | undefined;
  /** Plain ws:// from other machines too: the password inside is then readable on the way. */
  insecure?: boolean | undefined;
}

const path = /^\/(?:v1\/db\/db-[0-9a-f]{12}\/)?v2(?:\?|$)/;
const mostLoggingIn = 200;
const cutOffMs = 2_000;

export class WebSocketDoor {
  readonly #options: WebSocketOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    // A message has to fit into memory; the driver sends the values of a statement in one.
    maxPayload: 64 * 1024 * 1024,
    skipUTF8Validation: true,
    handleProtocols: () => false,
  });
  readonly #running = new Set<Promise<void>>();
  #loggingIn = 0;
  #isClosing = false;

  constructor(server: Server, options: WebSocketOptions) {
    this.#options = options;
    server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      if (isWebSocketRequest(request)) this.#admit(request, socket, head);
      else ignoreUpgrade(server, request, socket, head);
    });
  }

  /** Tells all clients to go, and resolves when their sessions have ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const webSocket of this.#server.clients) webSocket.close(1001, "Postern is stopping");
    const cutOff = () => {
      for (const webSocket of this.#server.clients) webSocket.terminate();
    };
    const timer = setTimeout(cutOff, cutOffMs);
    await Promise.all(this.#running);
    clearTimeout(timer);
    cutOff();
  }

  #admit(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const requestId = requestIdOf(request);
    const tell = (status: number, code?: string) =>
      this.#options.observe({
        type: "request",
        requestId,
        method: "GET",
        route: "/v2",
        status,
        durationMs: 0,
        ...(code === undefined ? {} : { code }),
      });
    const refusal = this.#refusalOf(request);
    if (refusal) {
      refuseUpgrade(socket, refusal, requestId);
      tell(httpStatusOf(refusal.code), refusal.code);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      tell(101);
      this.#run(webSocket, socket);
    });
  }

  #refusalOf(request: IncomingMessage): PosternError | undefined {
    const { url = "" } = request;
    const { insecure = false, mostSockets = 2_000 } = this.#options;
    if (!path.test(url)) {
      return posternError("Y1005", "There is no WebSocket at this path.", {
        hint: "Postgres over WebSocket is at /v2.",
      });
    }
    if (!insecure && !isPrivate(request)) {
      return posternError("Y1021", "Unencrypted ws:// is for this machine only.", {
        hint: "The database's password would be readable on the way: use wss://.",
      });
    }
    if (this.#isClosing || this.#server.clients.size >= mostSockets || this.#loggingIn >= mostLoggingIn)
      return posternError("Y1022", "There are too many WebSockets; try again in a while.");
    return undefined;
  }

  #run(webSocket: WebSocket, socket: Socket): void {
    const { tunnel, observe, bytesBeforeLogin } = this.#options;
    let isLoggingIn = true;
    this.#loggingIn += 1;
    // Whoever has not logged in gets no memory for more than a first query.
    const readBefore = socket.bytesRead;
    const count = () => {
      if (socket.bytesRead - readBefore > bytesBeforeLogin) webSocket.terminate();
    };
    const endLogin = () => {
      if (!isLoggingIn) return;
      isLoggingIn = false;
      this.#loggingIn -= 1;
      socket.off("data", count);
    };
    socket.on("data", count).setKeepAlive(true, 60_000);
    webSocket.on("message", (_data, isBinary) => {
      if (!isBinary) webSocket.close(1003, "Postgres messages are binary");
    });
    const session = tunnel
      .run(createWebSocketStream(webSocket), endLogin)
      .catch((error: unknown) => observe({ type: "fault", where: "GET /v2", error }))
      .finally(() => {
        endLogin();
        this.#running.delete(session);
      });
    this.#running.add(session);
  }
}

export const isWebSocketRequest = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" && headers.upgrade?.toLowerCase() === "websocket";

const loopback = /^(?:::ffff:)?127\.|^::1$/;

/** Encrypted, or never on a wire. */
function isPrivate(request: IncomingMessage): boolean {
  const { address, isEncrypted } = peerOf(request);
  return isEncrypted || loopback.test(address);
}
