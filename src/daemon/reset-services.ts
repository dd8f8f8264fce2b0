/** In charge of giving the HTTP server the functions behind the routes that empty a database. */
import type { Principal } from "../access/principal.ts";
import { findDatabase } from "../databases/find-database.ts";
import { requestReset } from "../databases/reset-database.ts";
import type { ResetService } from "../http/services/database-services.ts";
import type { Platform } from "../instances/platform.ts";
import { describeOperation } from "../state/operations.ts";
import { accountOf } from "./database-services.ts";

export function resetServices(platform: Platform): ResetService {
  const request = async (
    principal: Principal,
    ref: string,
    input: Parameters<typeof requestReset>[3],
  ): Promise<ReturnType<typeof describeOperation>> => {
    const row = await findDatabase(platform.state, principal, ref);
    return describeOperation(await requestReset(platform, accountOf(principal), row, input));
  };
  return {
    reset: (principal, { ref, ...input }) => request(principal, ref, input),
    wipe: (principal, { ref, skip_snapshot }) => request(principal, ref, { skip_snapshot }),
  };
}
