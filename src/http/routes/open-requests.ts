/** In charge of the routes of requests that hold a transaction open: opened, used, and ended by whoever opened them. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { askerOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import type { HttpApp } from "../http-app.ts";
import { queryRequest, queryResult } from "../schemas/query.ts";
import { endedRequest, openRequest, openRequestInput, recordQuery, recordRows } from "../schemas/records.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { sendEncoded } from "../send-encoded.ts";
import type { HttpServices } from "../services/http-services.ts";
import type { EncodedAnswer } from "../services/query-services.ts";
import type { DataPlaneRules } from "./query.ts";
import { dataPlaneHooks, recordOptionsOf } from "./records.ts";

const params = z.object({
  id: z.string().describe("`db-` and 12 hex digits."),
  request: z.string().describe("As /requests has answered; a secret."),
});
const path = "/v1/db/:id/requests";
const failures = errors(400, 401, 403, 404, 409, 413, 503, 504, 507);

/** Who asks, and in which open request. */
const partOf = (request: FastifyRequest) =>
  [askerOf(request), (request.params as { request: string }).request] as const;

export function openRequestRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  rules: DataPlaneRules,
): void {
  const { records } = services;
  const { bodyLimit } = rules;
  const onRequest = dataPlaneHooks(services, caller, rules);
  const common = { tags: ["Records"], security: security.database };
  const answer = async (request: FastifyRequest, reply: FastifyReply, working: Promise<EncodedAnswer>) =>
    sendEncoded(reply.header("x-request-id", request.id), await working, rules.hold);

  app.post(path, {
    bodyLimit,
    schema: {
      ...common,
      operationId: "openRequest",
      summary: "Open a transaction that lasts over several calls",
      description:
        "All its changes are logged under this call's `x-request-id`. It is undone when nothing is heard of it for `idle_timeout_ms`, and after `max_duration_ms` in any case.",
      params: params.pick({ id: true }),
      body: openRequestInput,
      response: { 200: json("How it is named from now on.", openRequest), ...failures },
    },
    onRequest,
    handler: (request) => records.openRequest(askerOf(request), request.body, recordOptionsOf(request)),
  });

  app.post(`${path}/:request/records`, {
    bodyLimit,
    schema: {
      ...common,
      operationId: "recordsInRequest",
      summary: "Read or write rows in an open request",
      params,
      body: recordQuery,
      response: { 200: json("The rows.", recordRows), ...failures },
    },
    onRequest,
    handler: (request, reply) =>
      answer(request, reply, records.runIn(...partOf(request), request.body, departureOf(request))),
  });

  app.post(`${path}/:request/query`, {
    bodyLimit,
    schema: {
      ...common,
      operationId: "queryInRequest",
      summary: "Run one statement in an open request",
      params,
      body: queryRequest,
      response: { 200: json("The rows.", queryResult), ...failures },
    },
    onRequest,
    handler: (request, reply) =>
      answer(request, reply, records.queryIn(...partOf(request), request.body, departureOf(request))),
  });

  for (const end of ["commit", "rollback"] as const) {
    app.post(`${path}/:request/${end}`, {
      schema: {
        ...common,
        operationId: `${end}Request`,
        summary: end === "commit" ? "Keep all that an open request did" : "Undo all that an open request did",
        params,
        response: { 200: json("It has ended.", endedRequest), ...failures },
      },
      onRequest,
      handler: (request) => records[end](...partOf(request)),
    });
  }
}
