/** In charge of the routes that replace a database's credentials. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import {
  resetPasswordAnswer,
  resetPasswordRequest,
  rotateCredentialsRequest,
  rotatedCredentials,
} from "../schemas/credentials.ts";
import { databaseRef } from "../schemas/database.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Tokens and credentials"];

export function credentialRoutes(
  app: HttpApp,
  { credentials }: HttpServices,
  caller: AuthenticationHooks,
): void {
  app.post("/v1/databases/:ref/rotate-credentials", {
    schema: {
      tags,
      operationId: "rotateCredentials",
      summary: "Replace a database's password and its master token",
      description:
        "The old password opens no new connection from now on. The old token, and connections that are open, go on until the grace ends.",
      security: security.account,
      params: databaseRef,
      body: rotateCredentialsRequest,
      response: {
        200: json("The new credentials.", rotatedCredentials),
        ...errors(400, 401, 403, 404, 409, 503),
      },
    },
    onRequest: caller.account,
    handler: (request) => credentials.rotate(accountOf(request), { ...request.params, ...request.body }),
  });

  app.post("/v1/databases/:ref/reset-password", {
    schema: {
      tags,
      operationId: "resetPassword",
      summary: "Give a database's owner a new password",
      description: "Tokens stay as they are, and so do connections that are open.",
      security: security.account,
      params: databaseRef,
      body: resetPasswordRequest,
      response: { 200: json("The new URLs.", resetPasswordAnswer), ...errors(400, 401, 403, 404, 409, 503) },
    },
    onRequest: caller.account,
    handler: (request) =>
      credentials.resetPassword(accountOf(request), { ...request.params, ...request.body }),
  });
}
