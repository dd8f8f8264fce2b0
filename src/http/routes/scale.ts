/** In charge of the route that gives a database another class. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef, scaleRequest } from "../schemas/database.ts";
import { accepted } from "../schemas/operation.ts";
import { security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

export function scaleRoutes(app: HttpApp, { scaling }: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/scale", {
    schema: {
      tags: ["Databases"],
      operationId: "scaleDatabase",
      summary: "Give a database another class",
      description:
        "It is copied while it is in use; at the end requests and clients of the pooler wait for a moment. The pooled URL, the HTTP URL, the password and the tokens stay; the port of the direct URL changes between a shared Postgres and one of its own.",
      security: security.account,
      params: databaseRef,
      body: scaleRequest,
      response: accepted(400, 401, 403, 404, 409, 503),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return scaling.scale(accountOf(request), { ...request.params, ...request.body });
    },
  });
}
