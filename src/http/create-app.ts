/** In charge of putting the HTTP application together: hosts, hooks, parsing, routes, errors. */
import { fastify, type RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { type Clock, systemClock } from "../base/clock.ts";
import type { ClientLimits, Limits } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import type { Observe } from "../base/observation.ts";
import { WebSocketDoor, type WebSocketOptions } from "./accept-websockets.ts";
import { authenticationHooks } from "./authenticate-request.ts";
import { describeApi } from "./describe-api.ts";
import { answerDirectly } from "./direct-data-plane.ts";
import { follow, followRequests } from "./follow-request.ts";
import type { HttpApp } from "./http-app.ts";
import type { OriginRules } from "./origin-rules.ts";
import { readBodies } from "./read-body.ts";
import { refuseUnknownRoutes } from "./refuse-unknown-route.ts";
import { createRequestHost, type HostRules, type RequestHost } from "./request-host.ts";
import { requestIdOf } from "./request-id.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { backupRoutes } from "./routes/backups.ts";
import { databaseRoutes } from "./routes/databases.ts";
import { migrationRoutes } from "./routes/migrations.ts";
import { neonRoutes } from "./routes/neon.ts";
import { openapiRoutes } from "./routes/openapi.ts";
import { operationRoutes } from "./routes/operations.ts";
import { queryRoutes } from "./routes/query.ts";
import { rowSecurityRoutes } from "./routes/row-security.ts";
import { statusRoutes } from "./routes/status.ts";
import { tunnelRoutes } from "./routes/tunnel.ts";
import { createSendError, type SendError, sendClientError } from "./send-error.ts";
import { serverOptions } from "./server-options.ts";
import type { HttpServices } from "./services.ts";
import { validatorCompiler } from "./validate-request.ts";

export interface AppOptions extends HostRules {
  limits: Pick<Limits, "bodyBytes">;
  /** For clients of a database. */
  clientLimits: Pick<ClientLimits, "bodyBytes">;
  /** Pages that may ask a database which is open to clients. */
  origins: OriginRules;
  /** Version of Postern, for the OpenAPI document. */
  version: string;
  observe: Observe;
  clock?: Clock;
  webSockets?: Pick<WebSocketOptions, "mostSockets" | "insecure">;
}

export function createApp(services: HttpServices, options: AppOptions): HttpApp {
  const host = createRequestHost(options);
  const sendError = createSendError(options.observe);
  const app = createFramework(host, sendError, options.observe);
  followRequests(app, options.observe);
  readBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  refuseUnknownRoutes(app, sendError);
  describeApi(app, options.version);
  const caller = authenticationHooks(services.access);
  const rules = {
    bodyLimit: options.limits.bodyBytes,
    clientBodyLimit: options.clientLimits.bodyBytes,
    origins: options.origins,
  };
  app.register(async (dataPlane) => {
    queryRoutes(dataPlane, services, caller, rules);
    tunnelRoutes(dataPlane);
  });
  app.register(async (dataPlane) => neonRoutes(dataPlane, services, rules, options.observe));
  app.register(async (controlPlane) => {
    refuseForeignHosts(controlPlane, host);
    statusRoutes(controlPlane, services, caller);
    accountRoutes(controlPlane, services, caller, options.clock ?? systemClock);
    databaseRoutes(controlPlane, services, caller);
    migrationRoutes(controlPlane, services, caller);
    backupRoutes(controlPlane, services, caller);
    rowSecurityRoutes(controlPlane, services, caller);
    operationRoutes(controlPlane, services, caller, options.observe);
    openapiRoutes(controlPlane);
  });
  answerDirectly(app.server, {
    services,
    host,
    ...rules,
    observe: options.observe,
  });
  const webSockets = new WebSocketDoor(app.server, {
    tunnel: services.tunnel,
    observe: options.observe,
    bytesBeforeLogin: options.limits.bodyBytes,
    ...options.webSockets,
  });
  app.addHook("preClose", () => webSockets.close());
  return app;
}

function createFramework(host: RequestHost, sendError: SendError, observe: Observe): HttpApp {
  return fastify<RawServerDefault>({
    logger: false,
    bodyLimit: 1024 * 1024,
    requestTimeout: serverOptions.requestTimeout,
    http: serverOptions,
    keepAliveTimeout: serverOptions.keepAliveTimeout,
    // While closing, what is under way on a kept connection is still answered.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    genReqId: requestIdOf,
    // A database's host is a window on its part of the data plane, and on nothing else.
    rewriteUrl(request) {
      const url = request.url ?? "/";
      const id = host.databaseIdOf(request.headers.host);
      return id === undefined || url.startsWith("/v1/db/") ? url : `/v1/db/${id}${url}`;
    },
    clientErrorHandler: sendClientError,
    frameworkErrors(error, request, reply) {
      follow(request, reply, observe);
      sendError(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();
}

function refuseForeignHosts(app: HttpApp, host: RequestHost): void {
  app.addHook("onRequest", async (request) => {
    if (host.isOwn(request.headers.host)) return;
    throw posternError("Y1005", "Postern is not served under this host name.", {
      hint: "Use the address that `postern status` shows.",
    });
  });
}
