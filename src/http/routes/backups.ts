/** In charge of the routes of backups: making, listing, fetching, restoring, deleting. */
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { parseBackupId } from "../parse-id.ts";
import {
  backupId,
  backupInfo,
  backupStatus,
  createBackupRequest,
  restoreRequest,
} from "../schemas/backup.ts";
import { databaseRef } from "../schemas/database.ts";
import { accepted } from "../schemas/operation.ts";
import { limit } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";
import { backupFileRoutes } from "./backup-files.ts";
import { backupPolicyRoutes } from "./backup-policies.ts";

const tags = ["Backups"];

export function backupRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  backupsOfDatabase(app, services, caller);
  oneBackup(app, services, caller);
  backupFileRoutes(app, services, caller);
  backupPolicyRoutes(app, services, caller);
}

function backupsOfDatabase(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/databases/:ref/backups", {
    schema: {
      tags,
      operationId: "createBackup",
      summary: "Back a database up",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: createBackupRequest,
      response: accepted(400, 401, 404, 409),
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      reply.code(202);
      return services.backups.create(principalOf(request), { ...request.params, ...request.body });
    },
  });

  app.get("/v1/databases/:ref/backups", {
    schema: {
      tags,
      operationId: "listBackups",
      summary: "List a database's backups, newest first",
      security: security.accountOrDatabase,
      params: databaseRef,
      querystring: z.object({ status: backupStatus.optional(), limit }),
      response: { 200: json("The backups.", z.array(backupInfo)), ...errors(400, 401, 404) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) =>
      services.backups.list(principalOf(request), { ...request.params, ...request.query }),
  });

  app.post("/v1/databases/:ref/restore", {
    schema: {
      tags,
      operationId: "restoreBackup",
      summary: "Put a backup in the place of a database's data",
      security: security.accountOrDatabase,
      params: databaseRef,
      body: restoreRequest,
      response: accepted(400, 401, 404, 409),
    },
    onRequest: caller.accountOrDatabase,
    handler: async (request, reply) => {
      const backup_id = parseBackupId(request.body.backup_id);
      reply.code(202);
      return services.backups.restore(principalOf(request), {
        ...request.params,
        ...request.body,
        backup_id,
      });
    },
  });
}

function oneBackup(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.get("/v1/backups/:id", {
    schema: {
      tags,
      operationId: "getBackup",
      summary: "Show a backup",
      security: security.account,
      params: backupId,
      response: { 200: json("The backup.", backupInfo), ...errors(401, 403, 404) },
    },
    onRequest: caller.account,
    handler: async (request) =>
      services.backups.describe(accountOf(request), { id: parseBackupId(request.params.id) }),
  });

  app.delete("/v1/backups/:id", {
    schema: {
      tags,
      operationId: "deleteBackup",
      summary: "Delete a backup",
      security: security.account,
      params: backupId,
      response: accepted(401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const id = parseBackupId(request.params.id);
      reply.code(202);
      return services.backups.delete(accountOf(request), { id });
    },
  });
}
