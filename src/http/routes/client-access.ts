/** In charge of the routes of client access: whether an application's users reach a database with their own tokens. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { clientAccessInfo, clientAccessRequest } from "../schemas/client-access.ts";
import { databaseRef } from "../schemas/database.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Client access"];
const path = "/v1/databases/:ref/client-access";

export function clientAccessRoutes(
  app: HttpApp,
  { clientAccess }: HttpServices,
  caller: AuthenticationHooks,
): void {
  app.get(path, {
    schema: {
      tags,
      operationId: "getClientAccess",
      summary: "Show whether users reach a database with their own tokens",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("As it is.", clientAccessInfo), ...errors(400, 401, 404) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => clientAccess.describe(principalOf(request), request.params),
  });

  app.put(path, {
    schema: {
      tags,
      operationId: "enableClientAccess",
      summary: "Let users reach a database with their own tokens, or change whose tokens are taken",
      description:
        "What is absent stays as it is; a new issuer forgets the audience of the old one. Nothing is restarted.",
      security: security.account,
      params: databaseRef,
      body: clientAccessRequest,
      response: {
        200: json("As it is from now on.", clientAccessInfo),
        ...errors(400, 401, 403, 404, 409, 503),
      },
    },
    onRequest: caller.account,
    handler: (request) => clientAccess.enable(accountOf(request), { ...request.params, ...request.body }),
  });

  app.delete(path, {
    schema: {
      tags,
      operationId: "disableClientAccess",
      summary: "Let only the database's own tokens in",
      security: security.account,
      params: databaseRef,
      response: { 200: json("As it is from now on.", clientAccessInfo), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: (request) => clientAccess.disable(accountOf(request), request.params),
  });
}
