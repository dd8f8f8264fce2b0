/** In charge of forgetting what nobody can bring back any more: expired backups and the rows of destroyed databases. */
import { expireBackups } from "../backups/expire-backups.ts";
import type { Platform } from "../instances/platform.ts";
import { deleteForgottenDatabases } from "../state/databases.ts";

export async function expireDatabases(platform: Platform): Promise<void> {
  await expireBackups(platform);
  await deleteForgottenDatabases(platform.state);
}
