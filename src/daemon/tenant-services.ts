/** In charge of giving the HTTP server the functions behind the routes of tokens, credentials and tiers. */
import type { AccountPrincipal } from "../access/principal.ts";
import { createToken, listDatabaseTokens, revokeDatabaseToken } from "../databases/access-tokens.ts";
import { findDatabase } from "../databases/find-database.ts";
import type { TokenService } from "../http/services.ts";
import type { Platform } from "../instances/platform.ts";
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
