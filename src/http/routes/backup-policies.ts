/** In charge of the routes of backup policies: when a database is backed up by itself, and whether it was. */
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf, principalOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { backupPolicyInfo, backupPolicyRequest, backupStatusInfo } from "../schemas/backup-policy.ts";
import { databaseRef } from "../schemas/database.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Backups"];
const path = "/v1/databases/:ref/backup-policy";

export function backupPolicyRoutes(
  app: HttpApp,
  { backupPolicies }: HttpServices,
  caller: AuthenticationHooks,
): void {
  app.get(path, {
    schema: {
      tags,
      operationId: "getBackupPolicy",
      summary: "Show when a database is backed up, and for how long backups are kept",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("As it is.", backupPolicyInfo), ...errors(400, 401, 404) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => backupPolicies.describe(principalOf(request), request.params),
  });

  app.put(path, {
    schema: {
      tags,
      operationId: "setBackupPolicy",
      summary: "Change when a database is backed up, and for how long backups are kept",
      description:
        "What is absent stays as it is, and null goes back to the class's default. Backups that exist keep their time.",
      security: security.account,
      params: databaseRef,
      body: backupPolicyRequest,
      response: { 200: json("As it is from now on.", backupPolicyInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: (request) => backupPolicies.change(accountOf(request), { ...request.params, ...request.body }),
  });

  app.get("/v1/databases/:ref/backup-status", {
    schema: {
      tags,
      operationId: "getBackupStatus",
      summary: "Show how lately a database was backed up, and whether a backup is missing",
      security: security.accountOrDatabase,
      params: databaseRef,
      response: { 200: json("As it is.", backupStatusInfo), ...errors(400, 401, 404) },
    },
    onRequest: caller.accountOrDatabase,
    handler: (request) => backupPolicies.describeStatus(principalOf(request), request.params),
  });
}
