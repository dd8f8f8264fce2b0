/** In charge of the routes of migrations. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { databaseRef } from "../schemas/database.ts";
import { appliedMigration, migrateInput, migrateRequest, migrationState } from "../schemas/migration.ts";
import { accepted } from "../schemas/operation.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Migrations"];
/** A schema's whole history travels in one body. */
const bodyLimit = 32 * 1024 * 1024;

export function migrationRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  rehearsalRoute(app, services, caller);
  app.post("/v1/databases/:ref/migrations", {
    bodyLimit,
    schema: {
      tags,
      operationId: "migrate",
      summary: "Apply the migrations that are not applied yet",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: migrateInput,
      response: accepted(400, 401, 404, 409, 413),
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      reply.code(202);
      return services.migrations.migrate(principalOf(request), { ...request.params, ...request.body });
    },
  });

  app.post("/v1/databases/:ref/migrations/status", {
    bodyLimit,
    schema: {
      tags,
      operationId: "compareMigrations",
      summary: "Compare migration files with what is applied",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: migrateRequest,
      response: {
        200: json("Each file, and each applied one without a file.", z.array(migrationState)),
        ...errors(400, 401, 404, 409, 413, 503),
      },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) =>
      services.migrations.compare(principalOf(request), { ...request.params, ...request.body }),
  });

  app.get("/v1/databases/:ref/migrations", {
    schema: {
      tags,
      operationId: "listMigrations",
      summary: "List the migrations that are applied",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: {
        200: json("In the order of their names.", z.array(appliedMigration)),
        ...errors(400, 401, 404, 409, 503),
      },
    },
    onRequest: caller.accountOrReader,
    handler: (request) => services.migrations.listApplied(principalOf(request), request.params),
  });
}

function rehearsalRoute(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/migrations/rehearse", {
    bodyLimit,
    schema: {
      tags,
      operationId: "rehearseMigrations",
      summary: "Try the pending migrations on a copy of the database",
      description:
        "The operation's result tells the time, the locks and the rewritten tables of each file, and whether all passed. The copy is removed.",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: migrateRequest,
      response: accepted(400, 401, 404, 409, 413, 507),
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      reply.code(202);
      return services.migrations.rehearse(principalOf(request), { ...request.params, ...request.body });
    },
  });
}
