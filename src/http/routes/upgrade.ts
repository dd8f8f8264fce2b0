/** In charge of the route that gives a database a newer major of Postgres. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef, upgradeRequest } from "../schemas/database.ts";
import { accepted } from "../schemas/operation.ts";
import { security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

export function upgradeRoutes(app: HttpApp, { upgrades }: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/upgrade", {
    schema: {
      tags: ["Databases"],
      operationId: "upgradeDatabase",
      summary: "Give a database a newer major of Postgres",
      description:
        "A new server is filled while the old one is in use, compared with it, and takes its place: every URL, the password and the tokens stay. At the end requests and clients of the pooler wait for a moment, and direct connections end. A backup of the old server is kept.",
      security: security.account,
      params: databaseRef,
      body: upgradeRequest,
      response: accepted(400, 401, 403, 404, 409, 503),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return upgrades.upgrade(accountOf(request), { ...request.params, ...request.body });
    },
  });
}
