/** In charge of the routes of row security. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { principalOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef } from "../schemas/database.ts";
import { dataPlaneQuery, executeResult, rowSecurityTestRequest } from "../schemas/query.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { sendEncoded } from "../send-encoded.ts";
import type { HttpServices } from "../services/http-services.ts";

export function rowSecurityRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/rls/test", {
    schema: {
      tags: ["Row security"],
      operationId: "testRowSecurity",
      summary: "Run a statement as a client of the database would, and undo it",
      security: security.accountOrDatabase,
      params: databaseRef,
      querystring: dataPlaneQuery,
      body: rowSecurityTestRequest,
      response: {
        200: json("What the client would have got.", executeResult),
        ...errors(400, 401, 404, 409, 413, 503, 504, 507),
      },
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      const answer = await services.rowSecurity.test(
        principalOf(request),
        { ...request.params, ...request.body },
        { rowsAsArrays: request.query.rows === "array", signal: departureOf(request) },
      );
      sendEncoded(reply, answer);
    },
  });
}
