/** In charge of the routes of recovery: to a point in time, and of servers that lost their data. */
import { z } from "zod";
import { posternError } from "../../base/error.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { createdDatabase, databaseInfo, databaseRef } from "../schemas/database.ts";
import { accepted } from "../schemas/operation.ts";
import {
  enablePointInTimeRequest,
  pointInTimeInfo,
  promoteRequest,
  recoverRequest,
  restoreToTimeRequest,
  serverRef,
} from "../schemas/point-in-time.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Recovery"];
const path = "/v1/databases/:ref/point-in-time";

export function pointInTimeRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  archiveOfDatabase(app, services, caller);
  restoring(app, services, caller);
  recovering(app, services, caller);
}

function archiveOfDatabase(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.get(path, {
    schema: {
      tags,
      operationId: "getPointInTime",
      summary: "Show how far back a database can be restored",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("The window.", pointInTimeInfo), ...errors(401, 404) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => services.pointInTime.describe(principalOf(request), request.params),
  });

  app.put(path, {
    schema: {
      tags,
      operationId: "enablePointInTime",
      summary: "Archive all that is written to a database's own server",
      security: security.account,
      params: databaseRef,
      body: enablePointInTimeRequest,
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return services.pointInTime.enable(accountOf(request), { ...request.params, ...request.body });
    },
  });

  app.delete(path, {
    schema: {
      tags,
      operationId: "disablePointInTime",
      summary: "Archive nothing more, and delete what was archived",
      security: security.account,
      params: databaseRef,
      response: accepted(401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return services.pointInTime.disable(accountOf(request), request.params);
    },
  });
}

function restoring(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/restore-to-time", {
    schema: {
      tags,
      operationId: "restoreToTime",
      summary: "Make a new database that is as this one was at a moment",
      security: security.account,
      params: databaseRef,
      body: restoreToTimeRequest,
      response: {
        202: json("The new database; the operation tells when it is ready.", createdDatabase),
        ...errors(400, 401, 403, 404, 409),
      },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return services.pointInTime.restore(accountOf(request), { ...request.params, ...request.body });
    },
  });

  app.get("/v1/databases/:ref/restored", {
    schema: {
      tags,
      operationId: "listRestored",
      summary: "List the databases that were made of this one's data of a moment",
      security: security.account,
      params: databaseRef,
      response: { 200: json("The newest first.", z.array(databaseInfo)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => services.pointInTime.listRestored(accountOf(request), request.params),
  });

  app.post("/v1/databases/:ref/promote", {
    schema: {
      tags,
      operationId: "promoteDatabase",
      summary: "Put a database in the place of the one that it was restored from",
      description:
        "The old one's name, id, tokens and URLs lead to this one's data from then on; its own data stays, under the id of this one.",
      security: security.account,
      params: databaseRef,
      body: promoteRequest,
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return services.pointInTime.promote(accountOf(request), { ...request.params, ...request.body });
    },
  });
}

function recovering(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/servers/:ref/recover", {
    schema: {
      tags,
      operationId: "recoverServer",
      summary: "Bring a server whose data is lost back to the newest state of its archive",
      description: "For administrators.",
      security: security.account,
      params: serverRef,
      body: recoverRequest,
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const principal = accountOf(request);
      if (principal.role !== "admin") throw posternError("Y2003", "Servers are recovered by administrators.");
      reply.code(202);
      return services.pointInTime.recover(principal, {
        ...request.params,
        force: request.body.force === true,
      });
    },
  });
}
