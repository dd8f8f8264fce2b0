/** In charge of the routes that empty a database. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef } from "../schemas/database.ts";
import { accepted } from "../schemas/operation.ts";
import { resetRequest, wipeRequest } from "../schemas/reset.ts";
import { security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Databases"];
/** As for migrations: a schema's whole history travels in one body. */
const bodyLimit = 32 * 1024 * 1024;

export function resetRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/reset", {
    bodyLimit,
    schema: {
      tags,
      operationId: "resetDatabase",
      summary: "Empty a database and apply migrations",
      description:
        "The migrations run on a fresh database, which then takes the place of the old one: when one fails nothing has changed. " +
        "What is there now is backed up first on db.p2 and db.p3.",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: resetRequest,
      response: accepted(400, 401, 404, 409, 413),
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      reply.code(202);
      return services.reset.reset(principalOf(request), { ...request.params, ...request.body });
    },
  });

  app.post("/v1/databases/:ref/wipe", {
    schema: {
      tags,
      operationId: "wipeDatabase",
      summary: "Empty a database",
      description: "What is there now is backed up first on db.p2 and db.p3.",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: wipeRequest,
      response: accepted(400, 401, 404, 409),
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      reply.code(202);
      return services.reset.wipe(principalOf(request), { ...request.params, ...request.body });
    },
  });
}
