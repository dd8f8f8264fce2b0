/** In charge of the route that tells who changed what. */
import type { AuditEntry } from "@postern/sdk/protocol";
import { z } from "zod";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { limit } from "../schemas/query-string.ts";
import { errors, json, security, timestamp } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const outcome = z.enum(["done", "refused", "failed"]);

const auditEntry = z
  .object({
    id: z.string(),
    at: timestamp,
    request_id: z.string(),
    actor: z.object({
      kind: z.enum(["account", "database", "nobody"]),
      id: z.string().nullable(),
      name: z.string().nullable().describe("The username, as it was then."),
      key_id: z.string().nullable().describe("Of the API key that was used."),
    }),
    action: z.string().describe("As this description names it: `createDatabase`."),
    target: z.string().nullable().describe("What was named, by name or id, parts between slashes."),
    outcome,
    status: z.number(),
    code: z.string().nullable().describe("Of the error."),
  })
  .meta({ id: "AuditEntry" }) satisfies z.ZodType<AuditEntry>;

const text = z.string().min(1).max(200).optional();

export function auditRoutes(app: HttpApp, services: HttpServices, caller: AuthenticationHooks): void {
  app.get("/v1/audit", {
    schema: {
      tags: ["Accounts"],
      operationId: "listAudit",
      summary: "List who changed what, newest first",
      description: "Administrators see everybody's changes, others their own.",
      security: security.account,
      querystring: z.object({
        actor: text.describe("Username or id."),
        action: text.describe("For example `createDatabase`."),
        target: text.describe("What was named, or a part of it."),
        since: z.iso.datetime({ offset: true }).optional().describe("Not before this time."),
        outcome: outcome.optional(),
        before: z
          .string()
          .regex(/^\d{1,18}$/, "must be the id of an entry")
          .optional()
          .describe("Id of an entry: only older ones than that."),
        limit,
      }),
      response: { 200: json("The changes.", z.array(auditEntry)), ...errors(400, 401, 403) },
    },
    onRequest: caller.account,
    handler: (request) => {
      const { since, ...filter } = request.query;
      return services.audit.list(accountOf(request), {
        ...filter,
        since: since === undefined ? undefined : new Date(since),
      });
    },
  });
}
