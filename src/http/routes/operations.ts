/** In charge of the routes of long work: looking at it, waiting for it, watching it. */
import { z } from "zod";
import type { Observe } from "../../base/observation.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import type { HttpApp } from "../http-app.ts";
import { parseOperationId } from "../parse-id.ts";
import { reference } from "../schemas/database.ts";
import { operationId, operationInfo } from "../schemas/operation.ts";
import { limit, waitSeconds } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { sendEvents } from "../send-events.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Operations"];

export function operationRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  observe: Observe,
): void {
  app.get("/v1/operations", {
    schema: {
      tags,
      operationId: "listOperations",
      summary: "List operations, newest first",
      security: security.account,
      querystring: z.object({
        database: reference.optional().describe("Id or name of a database."),
        before: z
          .string()
          .min(1)
          .max(64)
          .optional()
          .describe("Id of an operation: only older ones than that."),
        limit,
      }),
      response: { 200: json("The operations.", z.array(operationInfo)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => services.operations.list(accountOf(request), request.query),
  });

  app.get("/v1/operations/:id", {
    schema: {
      tags,
      operationId: "getOperation",
      summary: "Show an operation, or wait for its end",
      security: security.accountOrDatabase,
      params: operationId,
      querystring: z.object({ wait: waitSeconds.describe("Answer at its end, or after so many seconds.") }),
      response: { 200: json("The operation.", operationInfo), ...errors(400, 401, 404) },
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request) =>
      services.operations.describe(principalOf(request), {
        id: parseOperationId(request.params.id),
        waitMs: request.query.wait * 1_000,
        signal: departureOf(request),
      }),
  });

  app.get("/v1/operations/:id/events", {
    schema: {
      tags,
      operationId: "watchOperation",
      summary: "Watch an operation until it ends",
      description: "Server-sent events: `data:` carries the whole operation at each change.",
      security: security.accountOrDatabase,
      params: operationId,
      response: {
        200: { description: "The events.", content: { "text/event-stream": { schema: z.string() } } },
        ...errors(401, 404),
      },
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      const id = parseOperationId(request.params.id);
      const signal = departureOf(request);
      await sendEvents(reply, services.operations.watch(principalOf(request), { id, signal }), observe);
    },
  });
  watchAllRoute(app, services, caller, observe);
  cancelRoute(app, services, caller);
}

function watchAllRoute(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  observe: Observe,
): void {
  app.get("/v1/operations/events", {
    schema: {
      tags,
      operationId: "watchOperations",
      summary: "Watch all operations",
      description:
        "Server-sent events: `data:` carries a list, first of those under way or ended within a minute, then of those that have changed.",
      security: security.account,
      response: {
        200: { description: "The events.", content: { "text/event-stream": { schema: z.string() } } },
        ...errors(401),
      },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const signal = departureOf(request);
      await sendEvents(reply, services.operations.watchAll(accountOf(request), { signal }), observe);
    },
  });
}

function cancelRoute(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/operations/:id/cancel", {
    schema: {
      tags,
      operationId: "cancelOperation",
      summary: "End an operation before its end, and undo what it has begun",
      security: security.account,
      params: operationId,
      response: {
        202: json("The operation as it was; it ends as `canceled`.", operationInfo),
        ...errors(400, 401, 403, 404, 409),
      },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return services.operations.cancel(accountOf(request), { id: parseOperationId(request.params.id) });
    },
  });
}
