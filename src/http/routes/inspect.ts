/** In charge of the routes that tell what a database does at this moment, did minute by minute, and would gain by. */
import { z } from "zod";
import type { Observe } from "../../base/observation.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { principalOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef } from "../schemas/database.ts";
import { sinceMinutes } from "../schemas/insight.ts";
import {
  databaseAdvice,
  databaseMetrics,
  endedSession,
  liveSessions,
  metricsSpan,
  sessionRef,
  statementTrends,
} from "../schemas/inspect.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { sendEvents } from "../send-events.ts";
import type { HttpServices } from "../services/http-services.ts";

const shared = { tags: ["Insights"], security: security.accountOrDatabase };

export function inspectRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  observe: Observe,
): void {
  sessionRoutes(app, services, caller, observe);
  figureRoutes(app, services, caller);
}

function sessionRoutes(
  app: HttpApp,
  { inspect }: HttpServices,
  caller: AuthenticationHooks,
  observe: Observe,
): void {
  const onRequest = caller.accountOrDatabase;
  app.get("/v1/databases/:ref/sessions", {
    schema: {
      ...shared,
      operationId: "listSessions",
      summary: "List who is connected, what each does, and who waits for whom",
      description: "Asking neither wakes the database nor keeps it awake.",
      params: databaseRef,
      response: { 200: json("As it is now.", liveSessions), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) => inspect.sessions(principalOf(request), request.params),
  });

  app.get("/v1/databases/:ref/sessions/events", {
    schema: {
      ...shared,
      operationId: "watchSessions",
      summary: "Watch who is connected and what each does",
      description:
        "Server-sent events: `data:` carries all sessions, now and whenever something has changed.",
      params: databaseRef,
      response: {
        200: { description: "The events.", content: { "text/event-stream": { schema: z.string() } } },
        ...errors(400, 401, 404),
      },
    },
    onRequest,
    handler: async (request, reply) => {
      const input = { ...request.params, signal: departureOf(request) };
      await sendEvents(reply, inspect.watchSessions(principalOf(request), input), observe);
    },
  });

  for (const [action, onlyStatement, summary] of [
    ["cancel", true, "Cancel the statement that a session runs"],
    ["end", false, "End a session; what it had not committed is undone"],
  ] as const) {
    app.post(`/v1/databases/:ref/sessions/:pid/${action}`, {
      schema: {
        ...shared,
        operationId: action === "cancel" ? "cancelStatement" : "endSession",
        summary,
        params: sessionRef,
        response: { 200: json("Told to.", endedSession), ...errors(400, 401, 403, 404) },
      },
      onRequest,
      handler: (request) => inspect.endSession(principalOf(request), { ...request.params, onlyStatement }),
    });
  }
}

function figureRoutes(app: HttpApp, { inspect }: HttpServices, caller: AuthenticationHooks): void {
  const onRequest = caller.accountOrDatabase;
  app.get("/v1/databases/:ref/advice", {
    schema: {
      ...shared,
      operationId: "getAdvice",
      summary: "Say which indexes are missing, and which nobody needs",
      description:
        "By the statements of the last week, as Postgres would plan them. Nothing is run, made or kept.",
      params: databaseRef,
      response: { 200: json("The advice.", databaseAdvice), ...errors(400, 401, 404, 409, 503) },
    },
    onRequest,
    handler: (request) => inspect.advice(principalOf(request), request.params),
  });

  app.get("/v1/databases/:ref/statement-trends", {
    schema: {
      ...shared,
      operationId: "getStatementTrends",
      summary: "Show how often statements ran over time, and how long they took",
      params: databaseRef,
      querystring: z.object({ since_minutes: sinceMinutes }),
      response: { 200: json("Step by step.", statementTrends), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) => inspect.trends(principalOf(request), { ...request.params, ...request.query }),
  });

  app.get("/v1/databases/:ref/metrics", {
    schema: {
      ...shared,
      operationId: "getDatabaseMetrics",
      summary: "Show what a database did over time: statements, sessions, the pool, its size, its log",
      description: "In steps of a minute or more, as many as can be told apart.",
      params: databaseRef,
      querystring: metricsSpan,
      response: { 200: json("Step by step.", databaseMetrics), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) => inspect.metrics(principalOf(request), { ...request.params, ...request.query }),
  });
}
