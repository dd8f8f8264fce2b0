/** In charge of the routes of a database's tokens. A token makes no others: then a leaked one could not be revoked. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef } from "../schemas/database.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { createdToken, createTokenRequest, tokenInfo, tokenRef } from "../schemas/token.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Tokens and credentials"];
const path = "/v1/databases/:ref/tokens";

export function tokenRoutes(app: HttpApp, { tokens }: HttpServices, caller: AuthenticationHooks): void {
  app.get(path, {
    schema: {
      tags,
      operationId: "listTokens",
      summary: "List the tokens that open a database, newest first",
      description: "Expired ones too, revoked ones not. The tokens themselves cannot be shown again.",
      security: security.account,
      params: databaseRef,
      response: { 200: json("Without their secrets.", z.array(tokenInfo)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => tokens.list(accountOf(request), request.params),
  });

  app.post(path, {
    schema: {
      tags,
      operationId: "createToken",
      summary: "Make another token for a database",
      description:
        "A token of scope `read_only` reads by SQL over HTTP, sees the database's description and its migrations, and may do nothing else. One with a `tenant` asks by SQL over HTTP and structured queries, as `authenticated` and under row security.",
      security: security.account,
      params: databaseRef,
      body: createTokenRequest,
      response: { 201: json("With the token.", createdToken), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(201);
      return tokens.create(accountOf(request), { ...request.params, ...request.body });
    },
  });

  app.delete(`${path}/:token`, {
    schema: {
      tags,
      operationId: "revokeToken",
      summary: "Revoke a token, at once",
      security: security.account,
      params: tokenRef,
      response: { 200: json("It opens nothing any more.", tokenInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => tokens.revoke(accountOf(request), request.params),
  });
}
