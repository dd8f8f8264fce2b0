/** In charge of giving the HTTP server the function behind the route of upgrades. */
import { findDatabase } from "../databases/find-database.ts";
import { requestUpgrade } from "../databases/upgrade-database.ts";
import type { UpgradeService } from "../http/services/database-services.ts";
import type { Platform } from "../instances/platform.ts";
import { describeOperation } from "../state/operations.ts";

export const upgradeServices = (platform: Platform): UpgradeService => ({
  async upgrade(principal, { ref, ...input }) {
    const row = await findDatabase(platform.state, principal, ref);
    return describeOperation(await requestUpgrade(platform, principal.accountId, row, input));
  },
});
