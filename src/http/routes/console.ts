/** In charge of the routes of being signed in to the console: in, out, which sessions there are, and what one may do. */
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { type AuthenticationHooks, accountOf } from "../authenticate-request.ts";
import type { ConsoleGate } from "../console/console-gate.ts";
import { requireOwnPage } from "../console/console-origin.ts";
import { clearSessionCookie, readSessionCookie, setSessionCookie } from "../console/session-cookie.ts";
import type { HttpApp } from "../http-app.ts";
import { peerAddressOf } from "../peer-address.ts";
import { createRateLimiter, networkOf } from "../rate-limiter.ts";
import { refuseOften } from "../refuse-often.ts";
import {
  consoleLink,
  consoleSessionInfo,
  consoleSignInRequest,
  currentConsoleSession,
} from "../schemas/console.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Console"];
const lifeSeconds = 12 * 3600;

export function consoleRoutes(
  app: HttpApp,
  services: HttpServices,
  gate: ConsoleGate,
  caller: AuthenticationHooks,
  clock: Clock,
): void {
  signInRoute(app, services, clock);
  sessionRoutes(app, services, gate);
  lockRoutes(app, services, gate);
  app.post("/v1/console/links", {
    schema: {
      tags,
      operationId: "createConsoleLink",
      summary: "Make an address that signs in to the console, once and within a minute",
      security: security.account,
      response: { 201: json("The address.", consoleLink), ...errors(401, 403) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(201);
      return services.console.issueLink(accountOf(request));
    },
  });
}

function signInRoute(app: HttpApp, { console }: HttpServices, clock: Clock): void {
  const byUsername = createRateLimiter({ burst: 10, perSecond: 1 / 6 }, clock);
  const byAddress = createRateLimiter({ burst: 30, perSecond: 1 / 2 }, clock);
  app.post("/console/session", {
    schema: {
      tags,
      operationId: "signInToConsole",
      summary: "Sign in to the console with an API key, a password or a link, and get a cookie",
      description: "For the console's own page only. The cookie counts below /console/ and nowhere else.",
      security: security.none,
      body: consoleSignInRequest,
      response: { 201: json("Signed in.", currentConsoleSession), ...errors(400, 401, 403, 429) },
    },
    onRequest: async (request) => requireOwnPage(request),
    handler: async (request, reply) => {
      const address = peerAddressOf(request.raw);
      const { body } = request;
      refuseOften(byAddress.take(networkOf(address)), reply);
      if (body.username !== undefined) refuseOften(byUsername.take(body.username), reply);
      const visitor = { address, browser: request.headers["user-agent"] ?? "" };
      const { secret, session } = await console.signIn(body, visitor);
      byAddress.giveBack(networkOf(address));
      if (body.username !== undefined) byUsername.giveBack(body.username);
      setSessionCookie(request, reply, secret, lifeSeconds);
      return reply.code(201).send(session);
    },
  });
}

function sessionRoutes(app: HttpApp, { console }: HttpServices, gate: ConsoleGate): void {
  app.get("/console/session", {
    schema: {
      tags,
      operationId: "getConsoleSession",
      summary: "Show the session that the cookie is of",
      security: security.none,
      response: { 200: json("It.", currentConsoleSession), ...errors(401, 403) },
    },
    onRequest: async (request) => requireOwnPage(request),
    handler: (request) => console.describe(readSessionCookie(request)),
  });

  app.delete("/console/session", {
    schema: {
      tags,
      operationId: "signOutOfConsole",
      summary: "End the session that the cookie is of",
      security: security.none,
      response: { 204: z.undefined().describe("It opens nothing any more."), ...errors(401, 403) },
    },
    handler: async (request, reply) => {
      const { principal, sessionId } = await gate.admitToSession(request);
      request.principal = principal;
      await console.end(principal, sessionId);
      clearSessionCookie(request, reply);
      return reply.code(204).send();
    },
  });

  app.get("/console/sessions", {
    schema: {
      tags,
      operationId: "listConsoleSessions",
      summary: "List the account's sessions of the console",
      security: security.none,
      response: { 200: json("The one seen last first.", z.array(consoleSessionInfo)), ...errors(401, 403) },
    },
    handler: async (request) => console.list((await gate.admitToSession(request)).principal),
  });

  app.delete("/console/sessions/:id", {
    schema: {
      tags,
      operationId: "endConsoleSession",
      summary: "End a session of the account's",
      security: security.none,
      params: z.object({ id: z.string().max(40) }),
      response: { 204: z.undefined().describe("It opens nothing any more."), ...errors(401, 403, 404) },
    },
    handler: async (request, reply) => {
      const { principal } = await gate.admitToSession(request);
      request.principal = principal;
      await console.end(principal, request.params.id);
      return reply.code(204).send();
    },
  });
}

const unlocked = z.object({ unlocked_until: z.string().nullable() });

function lockRoutes(app: HttpApp, { console }: HttpServices, gate: ConsoleGate): void {
  app.post("/console/session/unlock", {
    schema: {
      tags,
      operationId: "unlockConsole",
      summary: "Let this session change things, for half an hour",
      security: security.none,
      response: { 200: json("Until when.", unlocked), ...errors(401, 403) },
    },
    handler: async (request) => {
      const caller = await gate.admitToSession(request);
      request.principal = caller.principal;
      return { unlocked_until: await console.unlock(caller, true) };
    },
  });

  app.post("/console/session/lock", {
    schema: {
      tags,
      operationId: "lockConsole",
      summary: "Let this session only look",
      security: security.none,
      response: { 200: json("Null.", unlocked), ...errors(401, 403) },
    },
    handler: async (request) => {
      const caller = await gate.admitToSession(request);
      request.principal = caller.principal;
      return { unlocked_until: await console.unlock(caller, false) };
    },
  });
}
