/** In charge of what tests of backups do again and again with a platform. */
import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { isBackupId } from "../../src/base/id.ts";
import { requestBackup } from "../../src/databases/create-backup.ts";
import { requestRestore } from "../../src/databases/restore-database.ts";
import { settleReplaced } from "../../src/maintenance/settle-replaced.ts";
import { type BackupRow, findBackup } from "../../src/state/backups.ts";
import type { DatabaseRow } from "../../src/state/databases.ts";
import type { OperationRow } from "../../src/state/operations.ts";
import type { PlatformFixture } from "./platform-fixture.ts";
import { listServerDatabases } from "./server-facts.ts";

export interface BackupSteps {
  /** Runs SQL as the owner; the first column of its rows. */
  sql(row: DatabaseRow, text: string): Promise<unknown[]>;
  backUp(row: DatabaseRow): Promise<BackupRow>;
  findBackup(id: unknown): Promise<BackupRow>;
  /** Carries a restore to its end, whichever that is. */
  restore(
    row: DatabaseRow,
    backup: BackupRow,
    options?: { skip_safety_snapshot?: boolean },
  ): Promise<OperationRow>;
  /** Names on the shared server that begin with the database's, once nothing is left to be done behind restores. */
  databasesOf(row: DatabaseRow): Promise<string[]>;
}

/** @param fixture is asked for when it is needed: it starts after the test file is read. */
export function backupSteps(fixture: () => PlatformFixture): BackupSteps {
  const find = async (id: unknown): Promise<BackupRow> => {
    if (typeof id !== "string" || !isBackupId(id)) throw new Error(`${String(id)} is no id of a backup`);
    return (await findBackup(fixture().platform.state, id))!;
  };
  return {
    async sql(row, text) {
      const client = await fixture().connect(row);
      try {
        const result = await client.query<unknown[]>({ text, rowMode: "array" });
        return Array.isArray(result) ? [] : result.rows.map((values) => values[0]);
      } finally {
        await client.end();
      }
    },
    async backUp(row) {
      const end = await fixture().carryOut(await requestBackup(fixture().platform, null, row, {}));
      expect(end).toMatchObject({ status: "completed", error: null });
      return find((end.result as { id: string }).id);
    },
    findBackup: find,
    restore: async (row, backup, options = {}) =>
      fixture().carryOut(
        await requestRestore(fixture().platform, null, row, backup, { backup_id: backup.id, ...options }),
      ),
    async databasesOf(row) {
      await settleReplaced(fixture().platform);
      const names = await listServerDatabases(fixture().platform.config.home, "shared");
      return names.filter((name) => name.startsWith(row.database_name));
    },
  };
}

/** One of nearly everything that an owner can make. */
export const richDatabase = (): Promise<string> =>
  readFile(new URL("./rich-database.sql", import.meta.url), "utf8");
