/** In charge of running migrations on a copy, with a note of what each of them does to tables that others use. */
import type { RehearsalResult, RehearsedMigration } from "@postern/sdk/protocol";
import type pg from "pg";
import { type ApplyOptions, applyMigrations, type MigrationProgress } from "./apply-migrations.ts";
import type { MigrationFile } from "./migration-file.ts";
import {
  type HeldLock,
  type RelationFile,
  readFiles,
  readHeldLocks,
  rewrittenOf,
} from "./watch-migration.ts";

interface Seen {
  locks: HeldLock[] | null;
  rewrites: { relation: string; bytes: number }[];
}

export async function rehearseFiles(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
  options: Pick<ApplyOptions, "signal"> & { onProgress: (progress: MigrationProgress) => void },
): Promise<RehearsalResult> {
  const seen = new Map<string, Seen>();
  let before = new Map<string, RelationFile>();
  let current: string | undefined;
  const settle = async () => {
    const now = await readFiles(client);
    // A file that was no transaction is looked at when it has ended.
    if (current !== undefined && !seen.has(current))
      seen.set(current, { locks: null, rewrites: rewrittenOf(before, now) });
    before = now;
  };
  const result = await applyMigrations(client, files, {
    signal: options.signal,
    async onProgress(progress) {
      options.onProgress(progress);
      await settle();
      current = progress.file;
    },
    async beforeCommit({ name }) {
      const locks = await readHeldLocks(client, new Set(before.keys()));
      seen.set(name, { locks, rewrites: rewrittenOf(before, await readFiles(client)) });
    },
  });
  await settle();
  const migrations = result.migrations.map(
    (migration): RehearsedMigration => ({
      ...migration,
      locks: migration.outcome === "applied" ? (seen.get(migration.name)?.locks ?? null) : null,
      rewrites: seen.get(migration.name)?.rewrites ?? [],
    }),
  );
  return {
    passed: migrations.every(({ outcome }) => outcome === "applied"),
    total: result.total,
    already_applied: result.already_applied,
    migrations,
    notes: result.notes,
  };
}
