/** In charge of the routes of databases that sleep: sending to sleep, waking, and who keeps one awake. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseInfo, databaseRef } from "../schemas/database.ts";
import { databaseActivity, pauseRules } from "../schemas/pause.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Databases"];

export function pauseRoutes(app: HttpApp, { pauses }: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/pause", {
    schema: {
      tags,
      operationId: "pauseDatabase",
      summary: "Send a database to sleep until somebody wants it",
      description:
        "Statements and transactions under way get 10 seconds to end. Whoever connects meanwhile, and later, waits and wakes it.",
      security: security.account,
      params: databaseRef,
      response: { 200: json("It sleeps.", databaseInfo), ...errors(400, 401, 403, 404, 409, 503) },
    },
    onRequest: caller.account,
    handler: (request) => pauses.pause(accountOf(request), request.params),
  });

  app.put("/v1/databases/:ref/pause", {
    schema: {
      tags,
      operationId: "setPauseRules",
      summary: "Say when a database sleeps by itself",
      security: security.account,
      params: databaseRef,
      body: pauseRules,
      response: { 200: json("As it is from now on.", databaseInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => pauses.setPauseAfter(accountOf(request), { ...request.params, ...request.body }),
  });

  app.post("/v1/databases/:ref/resume", {
    schema: {
      tags,
      operationId: "resumeDatabase",
      summary: "Wake a database",
      description: "Not needed: every query and every connection wakes it.",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("It is awake.", databaseInfo), ...errors(400, 401, 404, 409, 503) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => pauses.resume(principalOf(request), request.params),
  });

  app.get("/v1/databases/:ref/activity", {
    schema: {
      tags,
      operationId: "getActivity",
      summary: "Show who keeps a database awake",
      description: "Asking neither wakes it nor keeps it awake.",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("As it is now.", databaseActivity), ...errors(400, 401, 404) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => pauses.describeActivity(principalOf(request), request.params),
  });
}
