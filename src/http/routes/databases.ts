/** In charge of the routes of databases: making, showing, destroying, bringing back. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import {
  createDatabaseRequest,
  createdDatabase,
  databaseInfo,
  databaseRef,
  databaseUrls,
} from "../schemas/database.ts";
import { accepted } from "../schemas/operation.ts";
import { flag } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Databases"];

export function databaseRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases", {
    schema: {
      tags,
      operationId: "createDatabase",
      summary: "Create a database",
      description: "Answers when the database is ready; with `wait=false` as soon as the work is accepted.",
      security: security.account,
      querystring: z.object({ wait: flag }),
      body: createDatabaseRequest,
      response: {
        201: json("Ready to use.", createdDatabase),
        202: json("Accepted; the operation tells when it is ready.", createdDatabase),
        ...errors(400, 401, 403, 409, 503, 507),
      },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const wait = request.query.wait !== "false";
      const created = await services.databases.create(accountOf(request), { ...request.body, wait });
      return reply.code(wait ? 201 : 202).send(created);
    },
  });

  listRoute(app, services, caller);

  app.get("/v1/databases/:ref", {
    schema: {
      tags,
      operationId: "getDatabase",
      summary: "Show a database",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("The database.", databaseInfo), ...errors(400, 401, 404) },
    },
    onRequest: caller.accountOrReader,
    handler: (request) => services.databases.describe(principalOf(request), request.params),
  });

  app.get("/v1/databases/:ref/urls", {
    schema: {
      tags,
      operationId: "getDatabaseUrls",
      summary: "Show a database's connection URLs, with their secrets",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("URLs and their parts.", databaseUrls), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => services.databases.describeUrls(principalOf(request), request.params),
  });
  endingRoutes(app, services, caller);
}

function listRoute(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.get("/v1/databases", {
    schema: {
      tags,
      operationId: "listDatabases",
      summary: "List databases, newest first",
      description: "`x-total-count` tells how many there are, of which `limit` and `offset` take a part.",
      security: security.account,
      querystring: z.object({
        destroyed: flag.describe("Those that can still be brought back, instead of the living."),
        search: z.string().max(100).optional().describe("A part of the name or the owner's, or the id."),
        limit: z.coerce.number().int().min(1).max(1000).optional().describe("At most so many."),
        offset: z.coerce
          .number()
          .int()
          .min(0)
          .max(1_000_000)
          .optional()
          .describe("Without the first so many."),
      }),
      response: {
        200: json("One's own; all of them for an administrator.", z.array(databaseInfo)),
        ...errors(400, 401, 403),
      },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const { destroyed, ...part } = request.query;
      const input = { ...part, destroyed: destroyed === "true" };
      const { databases, total } = await services.databases.list(accountOf(request), input);
      reply.header("x-total-count", total);
      return databases;
    },
  });
}

function endingRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.delete("/v1/databases/:ref", {
    schema: {
      tags,
      operationId: "destroyDatabase",
      summary: "Destroy a database, keeping a last backup",
      security: security.account,
      params: databaseRef,
      querystring: z.object({
        skip_snapshot: flag.describe("Keep no last backup: it cannot be brought back."),
        with_branches: flag.describe("Its branches too, without last backups."),
      }),
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const skipSnapshot = request.query.skip_snapshot === "true";
      const withBranches = request.query.with_branches === "true";
      reply.code(202);
      return services.databases.destroy(accountOf(request), {
        ...request.params,
        skipSnapshot,
        withBranches,
      });
    },
  });

  app.post("/v1/databases/:ref/undelete", {
    schema: {
      tags,
      operationId: "undeleteDatabase",
      summary: "Bring a destroyed database back",
      security: security.account,
      params: databaseRef,
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      reply.code(202);
      return services.databases.undelete(accountOf(request), request.params);
    },
  });
}
