/** In charge of giving the HTTP server the functions behind the routes of tokens, credentials and tiers. */
import type { AccountPrincipal } from "../access/principal.ts";
import type { DatabaseId } from "../base/id.ts";
import {
  createToken,
  describeToken,
  listDatabaseTokens,
  revokeDatabaseToken,
} from "../databases/access-tokens.ts";
import { findRisks } from "../databases/client-access.ts";
import { describeUrls } from "../databases/describe-urls.ts";
import { findDatabase } from "../databases/find-database.ts";
import { resetPassword, rotateCredentials } from "../databases/rotate-credentials.ts";
import { requestScale } from "../databases/scale-database.ts";
import type { CredentialService, TokenService } from "../http/services/access-services.ts";
import type { ScaleService } from "../http/services/database-services.ts";
import { awaitOperation } from "../instances/await-operation.ts";
import type { Platform } from "../instances/platform.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { describeOperation, type OperationRow } from "../state/operations.ts";
import type { DataPlane } from "./data-plane.ts";
import type { FollowedChanges } from "./release-services.ts";

export function tokenServices(
  platform: Platform,
  { forgetTokens }: Pick<DataPlane, "forgetTokens">,
): TokenService {
  const find = (principal: AccountPrincipal, ref: string) => findDatabase(platform.state, principal, ref);
  return {
    list: async (principal, { ref }) => listDatabaseTokens(platform, await find(principal, ref)),
    async create(principal, { ref, ...input }) {
      const row = await find(principal, ref);
      const created = await createToken(platform, row, input);
      await forgetTokens(row.id);
      if (created.tenant === null) return created;
      return { ...created, warnings: await warningsFor(platform, row) };
    },
    async revoke(principal, { ref, token }) {
      const row = await find(principal, ref);
      const revoked = await revokeDatabaseToken(platform, row, token);
      // Before the answer: who is told that it is revoked can rely on it.
      await forgetTokens(row.id);
      return revoked;
    },
  };
}

/** What a tenant's token reaches past row security; a database that sleeps is not woken to tell. */
async function warningsFor(platform: Platform, row: DatabaseRow): Promise<string[]> {
  if (row.status !== "ready") return [];
  return findRisks(platform, row).catch(() => []);
}

/** Longest that a request waits until the server takes the new password. */
const applyWaitMs = 30_000;

/** Connections that services have open go on so long, unless the caller says: until they are started anew. */
const graceOfServices = "1m";

export function credentialServices(
  platform: Platform,
  { forgetTokens }: Pick<DataPlane, "forgetTokens">,
  following: FollowedChanges,
): CredentialService {
  const settle = async (row: { id: DatabaseId }, operation: OperationRow) => {
    const { status } = await awaitOperation(platform, operation.id, applyWaitMs);
    return {
      database_id: row.id,
      urls: await describeUrls(platform, (await findDatabaseById(platform.state, row.id))!),
      operation_id: operation.id,
      applied: status === "completed",
    };
  };
  return {
    async rotate(principal, { ref, ...input }) {
      const row = await findDatabase(platform.state, principal, ref);
      const users = await following.prepare(row.id);
      const grace = input.grace ?? (users.length > 0 ? graceOfServices : undefined);
      const rotation = await rotateCredentials(platform, principal.accountId, row, {
        ...input,
        ...(grace === undefined ? {} : { grace }),
      });
      await forgetTokens(row.id);
      return {
        ...(await settle(row, rotation.operation)),
        restarting: await following.follow(users),
        token: rotation.token,
        grace_until: rotation.endsAt.toISOString(),
        ending_tokens: rotation.ending.map(describeToken),
        staying_tokens: rotation.staying.map(describeToken),
      };
    },
    async resetPassword(principal, { ref, ...input }) {
      const row = await findDatabase(platform.state, principal, ref);
      const users = await following.prepare(row.id);
      const settled = await settle(row, await resetPassword(platform, principal.accountId, row, input));
      return { ...settled, restarting: await following.follow(users) };
    },
  };
}

export const scaleServices = (platform: Platform): ScaleService => ({
  async scale(principal, { ref, ...input }) {
    const row = await findDatabase(platform.state, principal, ref);
    return describeOperation(await requestScale(platform, principal.accountId, row, input));
  },
});
