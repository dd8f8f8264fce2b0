/** In charge of the server below the routes: HTTP or HTTPS, and what holds for all requests. */
import type { Server } from "node:http";
import { type FastifyServerOptions, fastify } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Observe } from "../base/observation.ts";
import { takeConsolePath } from "./console/console-gate.ts";
import { follow } from "./follow-request.ts";
import type { HttpApp } from "./http-app.ts";
import type { RequestHost } from "./request-host.ts";
import { requestIdOf } from "./request-id.ts";
import { type SendError, sendClientError } from "./send-error.ts";
import {
  keepAliveTimeoutMs,
  limitConnections,
  serverOptions,
  type TransportOptions,
} from "./server-options.ts";

export function createFramework(
  transport: TransportOptions,
  host: RequestHost,
  sendError: SendError,
  observe: Observe,
): HttpApp {
  const http = serverOptions(transport);
  const options: FastifyServerOptions<Server> = {
    logger: false,
    bodyLimit: 1024 * 1024,
    requestTimeout: http.requestTimeout ?? 0,
    keepAliveTimeout: keepAliveTimeoutMs,
    // While closing, what is under way on a kept connection is still answered.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    genReqId: requestIdOf,
    // A database's host is a window on its part of the data plane, and on nothing else.
    rewriteUrl(request) {
      const url = request.url ?? "/";
      const id = host.databaseIdOf(request.headers.host);
      if (id === undefined) return takeConsolePath(request, host) ?? url;
      return url.startsWith("/v1/db/") ? url : `/v1/db/${id}${url}`;
    },
    clientErrorHandler: sendClientError,
    frameworkErrors(error, request, reply) {
      follow(request, reply, observe);
      sendError(error, request, reply);
    },
  };
  // The two kinds of server differ in nothing that anyone above looks at.
  const app = fastify<Server>({ ...options, ...(transport.tls ? { https: http } : { http }) });
  limitConnections(app.server, transport);
  return app.withTypeProvider<ZodTypeProvider>() as HttpApp;
}
