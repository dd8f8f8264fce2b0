/**
 * In charge of one data-plane worker: a process that answers plain SQL over HTTP by itself and hands everything else on to
 * the daemon. It holds nothing that outlives it, and knows of Postern's own tables only what it asks the daemon.
 */
import cluster from "node:cluster";
import { once } from "node:events";
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { DatabaseAuthenticator } from "../../access/authenticate-database.ts";
import type { Config } from "../../base/config.ts";
import { asPosternError, hasCode, posternError } from "../../base/error.ts";
import { describePortHolder } from "../../base/port-holder.ts";
import { isWebSocketRequest } from "../../http/accept-websockets.ts";
import { countRequests } from "../../http/count-requests.ts";
import { answerDirectly } from "../../http/direct-data-plane.ts";
import { createAnswerHold } from "../../http/hold-answer.ts";
import { ignoreUpgrade } from "../../http/ignore-upgrade.ts";
import { createClientLimiter } from "../../http/limit-clients.ts";
import { createRequestHost } from "../../http/request-host.ts";
import { sendClientError } from "../../http/send-error.ts";
import { createTransport, renewCertificate } from "../../http/server-options.ts";
import { Whereabouts } from "../../http/whereabouts.ts";
import { TraceRecorder } from "../../insights/trace-recorder.ts";
import { createQueryService, type QueryService } from "../../query/query-service.ts";
import { traceQueries } from "../../query/trace-queries.ts";
import { createLogObserver } from "../logger.ts";
import { loginAccess } from "../login-access.ts";
import { openClientAuthenticator } from "../open-client-authenticator.ts";
import { DaemonTalk, tellDaemon } from "./ask-daemon.ts";
import { DaemonProxy } from "./daemon-proxy.ts";
import { createReporter } from "./report-requests.ts";
import type { WorkerStart } from "./worker-messages.ts";

export async function runWorker(): Promise<void> {
  const talk = new DaemonTalk();
  // Interrupting the daemon on a terminal interrupts its whole group; the daemon says when its workers end.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
  const start = await talk.started;
  try {
    await serve(talk, start);
    tellDaemon({ type: "ready" });
  } catch (error) {
    tellDaemon({ type: "failed", error: asPosternError(error).toBody() });
  }
}

async function serve(talk: DaemonTalk, start: WorkerStart): Promise<void> {
  const { config } = start;
  const { observe, onChange } = createReporter(tellDaemon, createLogObserver(config));
  const clients = openClientAuthenticator(config, talk.questions.findClientAccess, observe);
  const access = Object.assign(
    new DatabaseAuthenticator(
      {
        knownTokens: talk.questions.knownTokens,
        noteUse: (token) => tellDaemon({ type: "used", token }),
      },
      undefined,
      clients,
    ),
    loginAccess(talk.questions),
  );
  const plain = createQueryService({
    limits: shareOf(config, start.workers),
    clientLimits: config.clientLimits,
    findAddress: talk.questions.findAddress,
    openClientAccess: talk.questions.openClientAccess,
    prepareLog: talk.questions.prepareLog,
  });
  const { enabled, slowMs } = config.insights;
  const recorder = new TraceRecorder({ slowMs, tell: (bundle) => tellDaemon({ type: "traced", bundle }) });
  const query = enabled ? traceQueries(plain, recorder) : plain;
  const proxy = new DaemonProxy(start.daemonSocket);
  const server = createTransport(
    { tls: start.certificate, requestTimeoutMs: config.requestTimeoutMs },
    (request, response) => proxy.pass(request, response),
  );
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (isWebSocketRequest(request)) proxy.passUpgrade(request, socket, head);
    else ignoreUpgrade(server, request, socket, head);
  });
  server.on("clientError", sendClientError);
  const whereabouts = start.isGateway ? new Whereabouts(talk.questions.isHere) : undefined;
  answerDirectly(server, {
    whereabouts,
    services: { access, query },
    host: createRequestHost(config),
    bodyLimit: config.limits.bodyBytes,
    clientBodyLimit: config.clientLimits.bodyBytes,
    origins: config.origins,
    limitClients: createClientLimiter(config.rateLimit),
    hold: createAnswerHold(config),
    observe,
  });
  countRequests(server, onChange);
  talk.follow({
    async closeDatabase(databaseId) {
      access.forget(databaseId);
      whereabouts?.forget(databaseId);
      await query.closeDatabase(databaseId);
    },
    async drainDatabase(databaseId) {
      whereabouts?.forget(databaseId);
      await query.drainDatabase(databaseId);
    },
    retireSessions: (databaseId) => query.retireSessions(databaseId),
    async closeClients(databaseId) {
      access.forget(databaseId);
      await query.closeClients(databaseId);
    },
    forgetTokens: async (databaseId) => access.forget(databaseId),
    renewCertificate: async (certificate) => renewCertificate(server, certificate),
    drain: (graceMs) => drain(server, query, graceMs, recorder),
  });
  await listen(server, start);
}

/** The workers share the connections that a database gives to the data plane. */
function shareOf({ limits }: Config, workers: number): Config["limits"] {
  return {
    ...limits,
    connectionsPerDatabase: Math.max(3, Math.floor(limits.connectionsPerDatabase / workers)),
  };
}

async function listen(server: Server, { config, port }: WorkerStart): Promise<void> {
  try {
    const listening = once(server, "listening");
    server.listen(port, config.listen);
    await listening;
  } catch (error) {
    throw hasCode(error, "EADDRINUSE") ? await portInUse(config, port, error) : error;
  }
}

const portInUse = async ({ listen: address }: Config, port: number, cause: unknown) =>
  posternError("Y0004", `Port ${port} on ${address} is in use by ${await describePortHolder(port)}.`, {
    hint: "Choose another with POSTERN_HTTP_PORT, or 0 for any free one.",
    cause,
  });

async function drain(
  server: Server,
  query: QueryService,
  graceMs: number,
  recorder: TraceRecorder,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cutOff);
  await query.close();
  recorder.flush();
  // Once the answer is on its way.
  setImmediate(() => cluster.worker?.disconnect());
}
