/** In charge of the routes of backups' files: proving one, and handing it out. */
import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { parseBackupId } from "../parse-id.ts";
import { backupId, downloadUrl } from "../schemas/backup.ts";
import { accepted } from "../schemas/operation.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { BackupDownload } from "../services/backup-services.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Backups"];
const dump = z.custom<Readable>().meta({ type: "string", contentMediaType: "application/octet-stream" });
const file = { description: "The file.", content: { "application/octet-stream": { schema: dump } } };

export function backupFileRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.post("/v1/backups/:id/verify", {
    schema: {
      tags,
      operationId: "verifyBackup",
      summary: "Restore a backup aside and compare it with what it was made of",
      description: "Its `verification` tells the result; the operation fails when the backup is no good.",
      security: security.account,
      params: backupId,
      response: accepted(401, 403, 404, 409),
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const id = parseBackupId(request.params.id);
      reply.code(202);
      return services.backups.verify(accountOf(request), { id });
    },
  });

  app.get("/v1/backups/:id/download", {
    schema: {
      tags,
      operationId: "downloadBackup",
      summary: "Download a backup's file",
      description: "In the custom format of pg_dump; `x-checksum-sha256` carries its SHA-256 in hex.",
      security: security.account,
      params: backupId,
      response: { 200: file, ...errors(401, 403, 404, 409, 503) },
    },
    onRequest: caller.account,
    handler: async (request, reply) => {
      const id = parseBackupId(request.params.id);
      return sendFile(reply, await services.backups.download(accountOf(request), { id }));
    },
  });

  signedDownloads(app, services, caller);
}

function signedDownloads(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.get("/v1/backups/:id/download-url", {
    schema: {
      tags,
      operationId: "getBackupDownloadUrl",
      summary: "Make an address from which anyone who has it can download a backup's file, for a while",
      security: security.account,
      params: backupId,
      querystring: z.object({
        expires_in: z
          .string()
          .optional()
          .describe("`<n>s`, `<n>m`, `<n>h`, `<n>d`: 15 minutes when absent, 7 days at most."),
      }),
      response: { 200: json("The address.", downloadUrl), ...errors(400, 401, 403, 404, 409) },
    },
    onRequest: caller.account,
    handler: async (request) =>
      services.backups.signDownload(accountOf(request), {
        id: parseBackupId(request.params.id),
        expiresIn: request.query.expires_in,
      }),
  });

  app.get("/v1/backups/:id/file", {
    schema: {
      tags,
      operationId: "downloadSignedBackup",
      summary: "Download a backup's file by a signed address",
      security: security.none,
      params: backupId,
      querystring: z.object({ expires: z.string().max(20), signature: z.string().max(64) }),
      response: { 200: file, ...errors(400, 403, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      const { expires, signature } = request.query;
      const id = parseBackupId(request.params.id);
      return sendFile(reply, await services.backups.downloadSigned({ id, expires, signature }));
    },
  });
}

const sendFile = (reply: FastifyReply, { stream, sizeBytes, checksum, fileName }: BackupDownload) =>
  reply
    .type("application/octet-stream")
    .header("content-length", sizeBytes)
    .header("content-disposition", `attachment; filename="${fileName}"`)
    .header("x-checksum-sha256", checksum)
    .header("cache-control", "no-store")
    .send(stream);
