/** In charge of forgetting who changed what, after as long as the configuration says. */
import type { Platform } from "../instances/platform.ts";
import { deleteOldAudit } from "../state/audit.ts";

export const trimAudit = ({ state, config }: Pick<Platform, "state" | "config">): Promise<void> =>
  deleteOldAudit(state, config.auditDays);
