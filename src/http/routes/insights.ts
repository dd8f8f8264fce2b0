/** In charge of the routes that tell what a database is asked: statements, requests, what they ask again and again. */
import { z } from "zod";
import type { Observe } from "../../base/observation.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef } from "../schemas/database.ts";
import {
  nPlusOneInfo,
  requestTrace,
  sinceMinutes,
  statementDetails,
  statementInfo,
  statementOrder,
  statementRef,
  traceRef,
} from "../schemas/insight.ts";
import { limit } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";
import { inspectRoutes } from "./inspect.ts";

const shared = { tags: ["Insights"], security: security.accountOrDatabase };

export function insightRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  observe: Observe,
): void {
  statementRoutes(app, services, caller);
  inspectRoutes(app, services, caller, observe);
}

function statementRoutes(app: HttpApp, { insights }: HttpServices, caller: AuthenticationHooks): void {
  const onRequest = caller.accountOrDatabase;

  app.get("/v1/databases/:ref/statements", {
    schema: {
      ...shared,
      operationId: "listStatements",
      summary: "List what a database is asked, and what it takes",
      description: "Statements by their fingerprints: the same whatever the values are, which are not kept.",
      params: databaseRef,
      querystring: z.object({ since_minutes: sinceMinutes, order: statementOrder, limit }),
      response: { 200: json("The statements.", z.array(statementInfo)), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) =>
      insights.listStatements(principalOf(request), { ...request.params, ...request.query }),
  });

  app.get("/v1/databases/:ref/statements/:fingerprint", {
    schema: {
      ...shared,
      operationId: "getStatement",
      summary: "Show one statement: its plan, and what it took minute by minute",
      params: statementRef,
      querystring: z.object({ since_minutes: sinceMinutes }),
      response: { 200: json("The statement.", statementDetails), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) =>
      insights.describeStatement(principalOf(request), { ...request.params, ...request.query }),
  });

  app.get("/v1/databases/:ref/traces", {
    schema: {
      ...shared,
      operationId: "listTraces",
      summary: "List requests over HTTP that were slow, or asked the same again and again",
      params: databaseRef,
      querystring: z.object({ limit }),
      response: { 200: json("The newest first.", z.array(requestTrace)), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) => insights.listTraces(principalOf(request), { ...request.params, ...request.query }),
  });

  app.get("/v1/databases/:ref/traces/:request_id", {
    schema: {
      ...shared,
      operationId: "getTrace",
      summary: "Show all that carried one `x-request-id`",
      params: traceRef,
      response: { 200: json("The request.", requestTrace), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) => insights.findTrace(principalOf(request), request.params),
  });

  app.get("/v1/databases/:ref/n-plus-one", {
    schema: {
      ...shared,
      operationId: "listNPlusOne",
      summary: "List statements that single requests ask again and again",
      params: databaseRef,
      response: { 200: json("The worst first.", z.array(nPlusOneInfo)), ...errors(400, 401, 404) },
    },
    onRequest,
    handler: (request) => insights.listNPlusOne(principalOf(request), request.params),
  });
}
