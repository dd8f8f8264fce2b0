/** In charge of what can be said of a backup. */
import type { BackupInfo } from "@postern/sdk/protocol";
import type { BackupRow } from "../state/backups.ts";
import { describeStore } from "./open-storage.ts";

export function describeBackup(row: BackupRow): BackupInfo {
  return {
    id: row.id,
    database_id: row.database_id,
    database_name: row.database_name,
    kind: row.kind,
    status: row.status,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
    expires_at: row.expires_at?.toISOString() ?? null,
    size_bytes: row.size_bytes === null ? null : Number(row.size_bytes),
    checksum: row.checksum,
    version: row.version,
    error: row.error,
    verified_at: row.verified_at?.toISOString() ?? null,
    verification: row.verification,
    store: describeStore(row.store),
    encrypted: row.key_id !== null,
  };
}
