/** In charge of the routes that tell how Postern is. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { daemonStatus } from "../schemas/status.ts";
import type { HttpServices } from "../services/http-services.ts";

export function statusRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.get("/healthz", {
    schema: {
      tags: ["Status"],
      operationId: "getHealth",
      summary: "Does the HTTP server answer?",
      security: security.none,
      response: { 200: json("It does.", z.object({ status: z.literal("ok") })), ...errors() },
    },
    handler: async () => ({ status: "ok" }) as const,
  });

  app.get("/v1/status", {
    schema: {
      tags: ["Status"],
      operationId: "getStatus",
      summary: "Show how Postern and its services are",
      security: security.account,
      response: { 200: json("The state of Postern.", daemonStatus), ...errors(401, 403) },
    },
    onRequest: caller.account,
    handler: (request) => services.status.describe(accountOf(request)),
  });
}
