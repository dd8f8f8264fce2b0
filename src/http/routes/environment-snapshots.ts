/** In charge of the routes of backups of an environment's database: making, listing, fetching, restoring, deleting. */
import { z } from "zod";
import type { AccountPrincipal } from "../../access/principal.ts";
import { posternError } from "../../base/error.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { parseBackupId } from "../parse-id.ts";
import { backupInfo, backupStatus, createBackupRequest, downloadUrl } from "../schemas/backup.ts";
import { backupStatusInfo } from "../schemas/backup-policy.ts";
import {
  environmentDatabasePath as base,
  ofService,
  environmentDatabaseParams as params,
} from "../schemas/environment-database.ts";
import { accepted } from "../schemas/operation.ts";
import { limit } from "../schemas/query-string.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Environments"];
const snapshotParams = params.extend({ sid: z.string().describe("`bkp-` and 8 hex digits.") });

/** The database of the environment that a request names. */
export type FindEnvironmentDatabase = (
  principal: AccountPrincipal,
  request: { params: z.infer<typeof params>; query: z.infer<typeof ofService> },
) => Promise<{ ref: string }>;
type Find = FindEnvironmentDatabase;

export function environmentSnapshotRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  find: Find,
): void {
  snapshotRoutes(app, services, caller, find);
  oneSnapshot(app, services, caller, find);
  recoveryRoutes(app, services, caller, find);
}

function snapshotRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks, find: Find): void {
  app.post(`${base}/snapshots`, {
    schema: {
      tags,
      operationId: "createEnvironmentSnapshot",
      summary: "Back an environment's database up",
      security: security.account,
      params,
      querystring: ofService,
      body: createBackupRequest,
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const principal = accountOf(request);
      const database = await find(principal, request);
      reply.code(202);
      return services.backups.create(principal, { ...database, ...request.body });
    },
  });

  app.get(`${base}/snapshots`, {
    schema: {
      tags,
      operationId: "listEnvironmentSnapshots",
      summary: "List the backups of an environment's database, newest first",
      security: security.account,
      params,
      querystring: ofService.extend({ status: backupStatus.optional(), limit }),
      response: { 200: json("The backups.", z.array(backupInfo)), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: async (request) => {
      const principal = accountOf(request);
      const { status, limit: most } = request.query;
      const database = await find(principal, request);
      return services.backups.list(principal, { ...database, status, limit: most });
    },
  });
}

/** @throws Y6001 for a backup of another database: under this address there is none. */
async function findSnapshot(
  services: HttpServices,
  principal: AccountPrincipal,
  { ref }: { ref: string },
  sid: string,
) {
  const backup = await services.backups.describe(principal, { id: parseBackupId(sid) });
  if (backup.database_id === ref) return { backup, id: parseBackupId(sid) };
  throw posternError("Y6001", `This environment's database has no backup ${sid}.`, {
    detail: `It is one of ${backup.database_name} (${backup.database_id}).`,
  });
}

function oneSnapshot(app: HttpApp, services: HttpServices, caller: AuthenticationHooks, find: Find): void {
  const path = `${base}/snapshots/:sid`;
  app.get(path, {
    schema: {
      tags,
      operationId: "getEnvironmentSnapshot",
      summary: "Show a backup of an environment's database",
      security: security.account,
      params: snapshotParams,
      querystring: ofService,
      response: { 200: json("The backup.", backupInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: async (request) => {
      const principal = accountOf(request);
      const database = await find(principal, request);
      return (await findSnapshot(services, principal, database, request.params.sid)).backup;
    },
  });

  app.delete(path, {
    schema: {
      tags,
      operationId: "deleteEnvironmentSnapshot",
      summary: "Delete a backup of an environment's database",
      security: security.account,
      params: snapshotParams,
      querystring: ofService,
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const principal = accountOf(request);
      const database = await find(principal, request);
      const { id } = await findSnapshot(services, principal, database, request.params.sid);
      reply.code(202);
      return services.backups.delete(principal, { id });
    },
  });

  app.get(`${path}/download`, {
    schema: {
      tags,
      operationId: "getEnvironmentSnapshotDownload",
      summary: "Make an address from which a backup's file can be downloaded for a while",
      security: security.account,
      params: snapshotParams,
      querystring: ofService.extend({
        expires_in: z.string().optional().describe("15 minutes when absent, 7 days at most."),
      }),
      response: { 200: json("The address.", downloadUrl), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: async (request) => {
      const principal = accountOf(request);
      const database = await find(principal, request);
      const { id } = await findSnapshot(services, principal, database, request.params.sid);
      return services.backups.signDownload(principal, { id, expiresIn: request.query.expires_in });
    },
  });
}

const restoreRequest = z.strictObject({
  snapshot_id: z.string().describe("`bkp-` and 8 hex digits."),
  source_env: z
    .string()
    .optional()
    .describe("The environment of the project that the backup is of; this one when absent."),
  skip_safety_snapshot: z.boolean().optional().describe("Make no backup of what the restore replaces."),
});

function recoveryRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks, find: Find): void {
  app.post(`${base}/restore`, {
    schema: {
      tags,
      operationId: "restoreEnvironmentSnapshot",
      summary: "Put a backup in the place of the data of an environment's database",
      description: "A backup of what is replaced is made first, and all connections are closed.",
      security: security.account,
      params,
      querystring: ofService,
      body: restoreRequest,
      response: accepted(400, 401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const principal = accountOf(request);
      const { snapshot_id, source_env, ...rest } = request.body;
      const database = await find(principal, request);
      const env = source_env ?? request.params.env;
      const source = await find(principal, { ...request, params: { ...request.params, env } });
      const { id } = await findSnapshot(services, principal, source, snapshot_id);
      reply.code(202);
      return services.backups.restore(principal, { ...database, ...rest, backup_id: id });
    },
  });

  app.get(`${base}/backup-status`, {
    schema: {
      tags,
      operationId: "getEnvironmentBackupStatus",
      summary: "Show when an environment's database is backed up, and how lately it was",
      security: security.account,
      params,
      querystring: ofService,
      response: { 200: json("As it is.", backupStatusInfo), ...errors(400, 401, 403, 404) },
    },
    onRequest: caller.account,
    handler: async (request) => {
      const principal = accountOf(request);
      return services.backupPolicies.describeStatus(principal, await find(principal, request));
    },
  });
}
