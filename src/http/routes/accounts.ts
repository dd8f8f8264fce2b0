/** In charge of the routes of accounts: making one, logging in and out. */
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { peerAddressOf } from "../peer-address.ts";
import { createRateLimiter, networkOf, type RateLimiter } from "../rate-limiter.ts";
import { refuseOften } from "../refuse-often.ts";
import { accountInfo, loginRequest, loginResult } from "../schemas/account.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

interface Limiters {
  byUsername: RateLimiter;
  byAddress: RateLimiter;
}

export function accountRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  clock: Clock,
): void {
  // One name is guessed slowly; one address, which may be a whole office's, gets more.
  const limiters = {
    byUsername: createRateLimiter({ burst: 10, perSecond: 1 / 6 }, clock),
    byAddress: createRateLimiter({ burst: 60, perSecond: 1 }, clock),
  };
  entranceRoutes(app, services, caller, limiters);
  keyRoutes(app, services, caller);
}

/** What can be called without credentials, and so by anyone who guesses. */
function entranceRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  { byUsername, byAddress }: Limiters,
): void {
  app.post("/v1/accounts", {
    schema: {
      tags: ["Accounts"],
      operationId: "createAccount",
      summary: "Make an account",
      description: "Needs an administrator's API key unless registration is open.",
      security: security.accountIfAny,
      body: loginRequest,
      response: { 201: json("The new account.", accountInfo), ...errors(400, 401, 403, 409, 429) },
    },
    onRequest: caller.accountIfAny,
    handler: async (request, reply) => {
      const known = request.principal !== null;
      if (!known) refuseOften(byAddress.take(networkOf(peerAddressOf(request.raw))), reply);
      reply.code(201);
      return services.accounts.register(known ? accountOf(request) : undefined, request.body);
    },
  });

  app.post("/v1/login", {
    schema: {
      tags: ["Accounts"],
      operationId: "logIn",
      summary: "Get an API key for a username and password",
      security: security.none,
      body: loginRequest,
      response: { 200: json("A new API key.", loginResult), ...errors(400, 401, 429) },
    },
    handler: async (request, reply) => {
      const { username } = request.body;
      refuseOften(byAddress.take(networkOf(peerAddressOf(request.raw))), reply);
      refuseOften(byUsername.take(username), reply);
      const result = await services.accounts.logIn(request.body);
      byAddress.giveBack(networkOf(peerAddressOf(request.raw)));
      byUsername.giveBack(username);
      return result;
    },
  });
}

function keyRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/logout", {
    schema: {
      tags: ["Accounts"],
      operationId: "logOut",
      summary: "Revoke the API key that this request carries",
      security: security.account,
      response: { 204: z.undefined().describe("The key opens nothing any more."), ...errors(401, 403) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      await services.accounts.logOut(accountOf(request));
      return reply.code(204).send();
    },
  });

  app.get("/v1/whoami", {
    schema: {
      tags: ["Accounts"],
      operationId: "whoAmI",
      summary: "Show the account that the API key speaks for",
      security: security.account,
      response: { 200: json("The account.", accountInfo), ...errors(401, 403) },
    },
    onRequest: caller.account,
    handler: (request) => services.accounts.describe(accountOf(request)),
  });
}
