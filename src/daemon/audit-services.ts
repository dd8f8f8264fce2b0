/** In charge of giving the HTTP server the log of who changed what. */
import type { AuditEntry } from "@postern/sdk/protocol";
import type { AuditService } from "../http/services/server-services.ts";
import type { Platform } from "../instances/platform.ts";
import { type AuditRow, insertAudit, listAudit } from "../state/audit.ts";
import { visibleTo } from "./database-services.ts";

export function auditServices({ state }: Pick<Platform, "state">): AuditService {
  return {
    record: ({ requestId, principal, action, target, status, code }) =>
      insertAudit(state, {
        request_id: requestId,
        actor_kind: principal?.kind ?? "nobody",
        actor_id: principal && (principal.kind === "account" ? principal.accountId : principal.databaseId),
        key_id: principal?.kind === "account" ? principal.keyId : null,
        action,
        target,
        status,
        code,
      }),
    list: async (principal, filter) =>
      (await listAudit(state, { ...filter, accountId: visibleTo(principal) })).map(describeAudit),
  };
}

const describeAudit = (row: AuditRow): AuditEntry => ({
  id: row.id,
  at: row.at.toISOString(),
  request_id: row.request_id,
  actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name, key_id: row.key_id },
  action: row.action,
  target: row.target,
  outcome: row.status < 400 ? "done" : row.status < 500 ? "refused" : "failed",
  status: row.status,
  code: row.code,
});
