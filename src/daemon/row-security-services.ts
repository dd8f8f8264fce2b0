/** In charge of giving the HTTP server the functions behind the routes of row security. */
import type { RowSecurityTestRequest } from "@postern/sdk/protocol";
import type { VerifiedClaims } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import { findDatabase } from "../databases/find-database.ts";
import { requireReady } from "../databases/require-ready.ts";
import type { RowSecurityService } from "../http/services/query-services.ts";
import type { Platform } from "../instances/platform.ts";
import type { QueryService } from "../query/query-service.ts";

const validSeconds = 60;

export function rowSecurityServices(
  platform: Platform,
  query: Pick<QueryService, "execute">,
): RowSecurityService {
  return {
    async test(principal, { ref, sql, params, ...identity }, options) {
      const row = requireReady(await findDatabase(platform.state, principal, ref));
      const claims = claimsOf(identity, Math.floor(platform.clock.now().getTime() / 1000));
      const request = params === undefined ? { sql } : { sql, params };
      return query.execute({ kind: "client", databaseId: row.id, claims }, request, {
        ...options,
        rollsBack: true,
      });
    },
  };
}

/** Null for anon. Whoever owns the database may speak for any of its users. @throws Y1001 */
export function claimsOf(
  { subject, claims, anonymous = false }: Omit<RowSecurityTestRequest, "sql" | "params">,
  now: number,
): VerifiedClaims | null {
  if ((subject === undefined) !== anonymous || (anonymous && claims !== undefined)) {
    throw posternError("Y1001", "The request has to say as whom to run it.", {
      hint: "Give `subject`, with `claims` if need be, or `anonymous: true`.",
    });
  }
  if (subject === undefined) return null;
  return {
    subject,
    expiresAt: now + validSeconds,
    json: JSON.stringify({ ...claims, sub: subject }),
  };
}
