/** In charge of giving the HTTP server the functions behind the routes of tokens, credentials and tiers. */
import type { AccountPrincipal } from "../access/principal.ts";
import type { DatabaseId } from "../base/id.ts";
import {
  createToken,
  describeToken,
  listDatabaseTokens,
  revokeDatabaseToken,
} from "../databases/access-tokens.ts";
import { describeUrls } from "../databases/describe-database.ts";
import { findDatabase } from "../databases/find-database.ts";
import { resetPassword, rotateCredentials } from "../databases/rotate-credentials.ts";
import { requestScale } from "../databases/scale-database.ts";
import type { CredentialService, TokenService } from "../http/services/access-services.ts";
import type { ScaleService } from "../http/services/database-services.ts";
import { awaitOperation } from "../instances/await-operation.ts";
import type { Platform } from "../instances/platform.ts";
import { findDatabaseById } from "../state/databases.ts";
import { describeOperation, type OperationRow } from "../state/operations.ts";
import type { DataPlane } from "./data-plane.ts";

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
      return created;
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

/** Longest that a request waits until the server takes the new password. */
const applyWaitMs = 30_000;

export function credentialServices(
  platform: Platform,
  { forgetTokens }: Pick<DataPlane, "forgetTokens">,
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
      const rotation = await rotateCredentials(platform, principal.accountId, row, input);
      await forgetTokens(row.id);
      return {
        ...(await settle(row, rotation.operation)),
        token: rotation.token,
        grace_until: rotation.endsAt.toISOString(),
        ending_tokens: rotation.ending.map(describeToken),
        staying_tokens: rotation.staying.map(describeToken),
      };
    },
    async resetPassword(principal, { ref, ...input }) {
      const row = await findDatabase(platform.state, principal, ref);
      return settle(row, await resetPassword(platform, principal.accountId, row, input));
    },
  };
}

export const scaleServices = (platform: Platform): ScaleService => ({
  async scale(principal, { ref, ...input }) {
    const row = await findDatabase(platform.state, principal, ref);
    return describeOperation(await requestScale(platform, principal.accountId, row, input));
  },
});
