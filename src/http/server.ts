/** In charge of the HTTP server's life: it listens, and closes without cutting off what is under way. */
import { rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { hasCode, posternError } from "../base/error.ts";
import { describePortHolder } from "../base/port-holder.ts";
import { WebSocketDoor, type WebSocketOptions } from "./accept-websockets.ts";
import { countRequests } from "./count-requests.ts";
import { type AppOptions, createApp } from "./create-app.ts";
import type { HttpApp } from "./http-app.ts";
import { renewCertificate, type ServerCertificate } from "./server-options.ts";
import type { HttpServices } from "./services/http-services.ts";

export interface HttpServerOptions extends AppOptions {
  /** Address to bind to. */
  listen: string;
  /** 0: any free one. */
  port: number;
  /** Instead of address and port: a unix socket, where workers stand in front. */
  socketPath?: string | undefined;
  webSockets?: Pick<WebSocketOptions, "mostSockets" | "insecure">;
}

export interface HttpServer {
  /** For tests: `inject` without a socket. */
  readonly app: HttpApp;
  /** Requests under way. */
  underWay(): number;
  /** Resolves with the port. @throws Y0004 when it is taken. */
  listen(): Promise<number>;
  /** Ends the sessions over WebSockets, and lets none in any more; what stands in front can be closed then. */
  closeWebSockets(): Promise<void>;
  /** For connections from now on. */
  renewCertificate(certificate: ServerCertificate): void;
  /** Accepts nothing more, lets requests finish for up to `graceMs`, then cuts off the rest. Safe to call twice. */
  close(graceMs?: number): Promise<void>;
}

export function createHttpServer(services: HttpServices, options: HttpServerOptions): HttpServer {
  const app = createApp(services, options);
  const webSockets = new WebSocketDoor(app.server, {
    tunnel: services.tunnel,
    observe: options.observe,
    bytesBeforeLogin: options.limits.bodyBytes,
    ...options.webSockets,
  });
  app.addHook("preClose", () => webSockets.close());
  return {
    app,
    underWay: countRequests(app.server),
    async listen() {
      try {
        if (options.socketPath !== undefined) {
          // What a daemon that was killed has left.
          await rm(options.socketPath, { force: true });
          await app.listen({ path: options.socketPath });
          return options.port;
        }
        await app.listen({ host: options.listen, port: options.port });
      } catch (error) {
        if (!hasCode(error, "EADDRINUSE")) throw error;
        throw posternError(
          "Y0004",
          `Port ${options.port} on ${options.listen} is in use by ${await describePortHolder(options.port)}.`,
          {
            hint: "Choose another with POSTERN_HTTP_PORT, or 0 for any free one.",
            cause: error,
          },
        );
      }
      return (app.server.address() as AddressInfo).port;
    },
    closeWebSockets: () => webSockets.close(),
    renewCertificate: (certificate) => renewCertificate(app.server, certificate),
    async close(graceMs = 5_000) {
      const cutOff = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close().finally(() => clearTimeout(cutOff));
    },
  };
}
