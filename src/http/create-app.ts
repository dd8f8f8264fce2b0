/** In charge of putting the HTTP application together: hosts, hooks, parsing, routes, errors. */
import { type Clock, systemClock } from "../base/clock.ts";
import type { ClientLimits, Limits, RateLimit } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import type { Observe } from "../base/observation.ts";
import { authenticationHooks } from "./authenticate-request.ts";
import { believeGateways } from "./believe-gateways.ts";
import { consoleFileRoutes } from "./console/console-files.ts";
import { createConsoleGate } from "./console/console-gate.ts";
import { createFramework } from "./create-framework.ts";
import { describeApi } from "./describe-api.ts";
import { answerDirectly } from "./direct-data-plane.ts";
import { followRequests } from "./follow-request.ts";
import { createAnswerHold } from "./hold-answer.ts";
import type { HttpApp } from "./http-app.ts";
import { limitCallers } from "./limit-callers.ts";
import { createClientLimiter } from "./limit-clients.ts";
import type { OriginRules } from "./origin-rules.ts";
import { createRateLimiter } from "./rate-limiter.ts";
import { readBodies } from "./read-body.ts";
import { recordChanges } from "./record-changes.ts";
import { refuseUnknownRoutes } from "./refuse-unknown-route.ts";
import { createRequestHost, type HostRules, type RequestHost } from "./request-host.ts";
import { accountRoutes } from "./routes/accounts.ts";
import { auditRoutes } from "./routes/audit.ts";
import { backupRoutes } from "./routes/backups.ts";
import { branchRoutes } from "./routes/branches.ts";
import { browseRoutes } from "./routes/browse.ts";
import { clientAccessRoutes } from "./routes/client-access.ts";
import { consoleRoutes } from "./routes/console.ts";
import { controlPlaneRoutes } from "./routes/control-planes.ts";
import { credentialRoutes } from "./routes/credentials.ts";
import { databaseRoutes } from "./routes/databases.ts";
import { environmentDatabaseRoutes } from "./routes/environment-databases.ts";
import { gatewayTalkRoutes } from "./routes/gateway-talk.ts";
import { gatewayRoutes } from "./routes/gateways.ts";
import { insightRoutes } from "./routes/insights.ts";
import { instanceRoutes } from "./routes/instances.ts";
import { liveRoutes } from "./routes/live.ts";
import { manifestSchemaRoutes } from "./routes/manifest-schema.ts";
import { type MetricsAudience, metricsRoutes } from "./routes/metrics.ts";
import { migrationRoutes } from "./routes/migrations.ts";
import { neonRoutes } from "./routes/neon.ts";
import { openapiRoutes } from "./routes/openapi.ts";
import { operationRoutes } from "./routes/operations.ts";
import { pauseRoutes } from "./routes/pauses.ts";
import { pointInTimeRoutes } from "./routes/point-in-time.ts";
import { projectRoutes } from "./routes/projects.ts";
import { queryRoutes } from "./routes/query.ts";
import { recordPlaneRoutes } from "./routes/record-plane.ts";
import { releaseRoutes } from "./routes/releases.ts";
import { resetRoutes } from "./routes/reset.ts";
import { rowSecurityRoutes } from "./routes/row-security.ts";
import { scaleRoutes } from "./routes/scale.ts";
import { stateRoutes } from "./routes/state.ts";
import { statusRoutes } from "./routes/status.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { tunnelRoutes } from "./routes/tunnel.ts";
import { upgradeRoutes } from "./routes/upgrade.ts";
import { createSendError } from "./send-error.ts";
import type { TransportOptions } from "./server-options.ts";
import type { HttpServices } from "./services/http-services.ts";
import { validatorCompiler } from "./validate-request.ts";

export interface AppOptions extends HostRules, TransportOptions {
  limits: Pick<Limits, "bodyBytes">;
  /** For clients of a database. */
  clientLimits: Pick<ClientLimits, "bodyBytes">;
  /** Pages that may ask a database which is open to clients. */
  origins: OriginRules;
  /** Version of Postern, for the OpenAPI document. */
  version: string;
  observe: Observe;
  clock?: Clock;
  /** Of each caller of the control plane; null: none. */
  rateLimit?: RateLimit | null;
  /** For whole answers, until their readers have them. */
  answerMemoryBytes?: number;
  readerTimeoutMs?: number;
  /** Who reads /metrics. */
  metrics?: MetricsAudience;
}

export function createApp(services: HttpServices, options: AppOptions): HttpApp {
  const { clock = systemClock, rateLimit = null } = options;
  const { answerMemoryBytes = Number.POSITIVE_INFINITY, readerTimeoutMs = 30_000 } = options;
  const host = createRequestHost(options);
  const sendError = createSendError(options.observe);
  const app = createFramework(options, host, sendError, options.observe);
  followRequests(app, options.observe);
  believeGateways(app, services.gateways);
  readBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  refuseUnknownRoutes(app, sendError);
  describeApi(app, options.version);
  const gate = createConsoleGate(services.console);
  const caller = authenticationHooks(services.access, gate);
  const rules = {
    bodyLimit: options.limits.bodyBytes,
    clientBodyLimit: options.clientLimits.bodyBytes,
    origins: options.origins,
    limitClients: createClientLimiter(rateLimit),
    hold: createAnswerHold({ answerMemoryBytes, readerTimeoutMs }),
  };
  app.register(async (dataPlane) => {
    queryRoutes(dataPlane, services, caller, rules, options.observe);
    recordPlaneRoutes(dataPlane, services, caller, rules);
    tunnelRoutes(dataPlane);
  });
  app.register(async (dataPlane) => neonRoutes(dataPlane, services, rules, options.observe));
  app.register(async (talk) => gatewayTalkRoutes(talk, services, options.observe));
  app.register(async (controlPlane) => {
    refuseForeignHosts(controlPlane, host);
    if (rateLimit) limitCallers(controlPlane, createRateLimiter(rateLimit, clock));
    recordChanges(controlPlane, services.audit, options.observe);
    statusRoutes(controlPlane, services, caller);
    metricsRoutes(controlPlane, services, caller, options.metrics ?? "key");
    accountRoutes(controlPlane, services, caller, clock);
    databaseRoutes(controlPlane, services, caller);
    tokenRoutes(controlPlane, services, caller);
    credentialRoutes(controlPlane, services, caller);
    branchRoutes(controlPlane, services, caller);
    scaleRoutes(controlPlane, services, caller);
    upgradeRoutes(controlPlane, services, caller);
    pauseRoutes(controlPlane, services, caller);
    clientAccessRoutes(controlPlane, services, caller);
    migrationRoutes(controlPlane, services, caller);
    resetRoutes(controlPlane, services, caller);
    backupRoutes(controlPlane, services, caller);
    pointInTimeRoutes(controlPlane, services, caller);
    rowSecurityRoutes(controlPlane, services, caller);
    stateRoutes(controlPlane, services, caller);
    instanceRoutes(controlPlane, services, caller);
    controlPlaneRoutes(controlPlane, services, caller);
    gatewayRoutes(controlPlane, services, caller);
    projectRoutes(controlPlane, services, caller);
    environmentDatabaseRoutes(controlPlane, services, caller);
    releaseRoutes(controlPlane, services, caller);
    operationRoutes(controlPlane, services, caller, options.observe);
    insightRoutes(controlPlane, services, caller, options.observe);
    liveRoutes(controlPlane, services, caller);
    auditRoutes(controlPlane, services, caller);
    browseRoutes(controlPlane, services, caller, options.observe);
    openapiRoutes(controlPlane);
    manifestSchemaRoutes(controlPlane);
    consoleRoutes(controlPlane, services, gate, caller, clock);
    consoleFileRoutes(controlPlane);
  });
  answerDirectly(app.server, { services, host, ...rules, observe: options.observe });
  return app;
}

function refuseForeignHosts(app: HttpApp, host: RequestHost): void {
  app.addHook("onRequest", async (request) => {
    if (host.isOwn(request.headers.host)) return;
    throw posternError("Y1005", "Postern is not served under this host name.", {
      hint: "Use the address that `postern status` shows.",
    });
  });
}
