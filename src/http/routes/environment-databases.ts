/**
 * In charge of the routes of an environment's database, under the addresses that deployment tools know: each finds the database
 * of the environment and does what the route of that database under /v1 does.
 */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { rotateCredentialsRequest, rotatedCredentials } from "../schemas/credentials.ts";
import { databaseInfo, scaleRequest } from "../schemas/database.ts";
import {
  environmentDatabasePath as base,
  ofService,
  environmentDatabaseParams as params,
} from "../schemas/environment-database.ts";
import { accepted } from "../schemas/operation.ts";
import { flag } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";
import { environmentSnapshotRoutes, type FindEnvironmentDatabase as Find } from "./environment-snapshots.ts";

const tags = ["Environments"];

export function environmentDatabaseRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
): void {
  const find: Find = async (principal, { params: { id, env }, query }) => ({
    ref: await services.projects.findDatabase(principal, {
      project: id,
      environment: env,
      service: query.service,
    }),
  });
  tenantRoutes(app, services, caller, find);
  tenantChanges(app, services, caller, find);
  environmentSnapshotRoutes(app, services, caller, find);
}

function tenantRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks, find: Find): void {
  app.get(`${base}/managed`, {
    schema: {
      tags,
      operationId: "getEnvironmentDatabase",
      summary: "Show an environment's database",
      security: security.account,
      params,
      querystring: ofService,
      response: { 200: json("The database.", databaseInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: async (request) => {
      const principal = accountOf(request);
      return services.databases.describe(principal, await find(principal, request));
    },
  });

  app.delete(`${base}/managed`, {
    schema: {
      tags,
      operationId: "destroyEnvironmentDatabase",
      summary: "Destroy an environment's database, keeping a last backup",
      description: "The next `postern apply` makes a new one, empty.",
      security: security.account,
      params,
      querystring: ofService.extend({
        skip_snapshot: flag.describe("Keep no last backup: it cannot be brought back."),
      }),
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const principal = accountOf(request);
      const database = await find(principal, request);
      const skipSnapshot = request.query.skip_snapshot === "true";
      reply.code(202);
      return services.databases.destroy(principal, { ...database, skipSnapshot, withBranches: false });
    },
  });
}

function tenantChanges(app: HttpApp, services: HttpServices, caller: AuthenticationHooks, find: Find): void {
  app.post(`${base}/managed/rotate`, {
    schema: {
      tags,
      operationId: "rotateEnvironmentCredentials",
      summary: "Replace the password and the tokens of an environment's database",
      description: "What uses `${managed.<service>.<field>}` finds the new ones when it is deployed again.",
      security: security.account,
      params,
      querystring: ofService,
      body: rotateCredentialsRequest,
      response: { 200: json("The new ones.", rotatedCredentials), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: async (request) => {
      const principal = accountOf(request);
      const database = await find(principal, request);
      return services.credentials.rotate(principal, { ...database, ...request.body });
    },
  });

  app.post(`${base}/managed/scale`, {
    schema: {
      tags,
      operationId: "scaleEnvironmentDatabase",
      summary: "Give an environment's database another class",
      security: security.account,
      params,
      querystring: ofService,
      body: scaleRequest,
      response: accepted(400, 401, 403, 404, 409, 503),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const principal = accountOf(request);
      const database = await find(principal, request);
      reply.code(202);
      return services.scaling.scale(principal, { ...database, ...request.body });
    },
  });
}
