/** In charge of what a copy of a database is before it is filled: a row like the original's, with secrets of its own. */
import { newDatabaseId, postgresNameOf } from "../base/id.ts";
import { newPassword, newToken, scramVerifier } from "../base/secrets.ts";
import type { Platform } from "../instances/platform.ts";
import type { DatabaseRow, NewDatabase } from "../state/databases.ts";

export interface DraftedCopy {
  row: NewDatabase;
  /** Nobody knows it but whoever is told now. */
  token: string;
}

export async function draftCopy(
  platform: Platform,
  original: DatabaseRow,
  name: string,
): Promise<DraftedCopy> {
  const id = newDatabaseId();
  const password = newPassword();
  const limit = original.storage_limit_bytes;
  return {
    row: {
      id,
      name,
      account_id: original.account_id,
      class: original.class,
      isolation: original.isolation,
      database_name: postgresNameOf(id),
      role_name: postgresNameOf(id),
      password_sealed: platform.secrets.seal(password, id),
      scram_verifier: await scramVerifier(password),
      connection_limit: original.connection_limit,
      storage_limit_bytes: limit === null ? null : Number(limit),
    },
    token: newToken(),
  };
}
