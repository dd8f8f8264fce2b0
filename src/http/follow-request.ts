/**
 * In charge of following each request from its first byte to the end of its answer: the id, the headers that every
 * answer carries, the one observation about it, and the signal that its client has gone.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Observe } from "../base/observation.ts";
import type { HttpApp } from "./http-app.ts";
import { startTiming } from "./server-timing.ts";

/** Answers are data, never pages: no browser may guess a type, run, frame or keep them. */
export const standingHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** What proxies log for a client that went before it was answered; nobody ever receives it. */
const clientGoneStatus = 499;

export function followRequests(app: HttpApp, observe: Observe): void {
  app.decorateRequest("startedAtMs", 0);
  app.decorateRequest("principal", null);
  app.decorateRequest("errorCode", null);
  app.decorateRequest("departure", null);
  app.decorateRequest("stageTimes", null);
  app.addHook("onRequest", (request, reply, done) => {
    follow(request, reply, observe);
    done();
  });
}

/** For what never reaches a hook, because its path cannot even be looked for. */
export function follow(request: FastifyRequest, reply: FastifyReply, observe: Observe): void {
  request.startedAtMs = performance.now();
  startTiming(request);
  reply.headers(standingHeaders).header("x-request-id", request.id);
  reply.raw.once("close", () => end(request, reply, observe));
}

/** Fires when the client closes its connection before it has its whole answer. */
export function departureOf(request: FastifyRequest): AbortSignal {
  request.departure ??= new AbortController();
  return request.departure.signal;
}

function end(request: FastifyRequest, reply: FastifyReply, observe: Observe): void {
  const answered = reply.raw.writableFinished;
  if (!answered) request.departure?.abort();
  const databaseId = databaseIdOf(request);
  const code = answered ? request.errorCode : "Y1017";
  observe({
    type: "request",
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? "(none)",
    status: answered ? reply.raw.statusCode : clientGoneStatus,
    durationMs: performance.now() - request.startedAtMs,
    ...(databaseId === undefined ? {} : { databaseId }),
    ...(code === null ? {} : { code }),
  });
}

/** Only what was authenticated: what a path claims may be anything. */
function databaseIdOf(request: FastifyRequest): string | undefined {
  return request.principal?.kind === "database" ? request.principal.databaseId : undefined;
}
