/**
 * In charge of bringing an environment's schema up to date before its services are: by the manifest's own commands, by
 * `preStart`, by Prisma where there is neither, or by the project's SQL migrations.
 */

import { join } from "node:path";
import { expiryOf, findPolicy } from "../backups/backup-policy.ts";
import { makeBackup } from "../backups/make-backup.ts";
import { posternError } from "../base/error.ts";
import { type BackupId, newBackupId } from "../base/id.ts";
import type { Platform } from "../instances/platform.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { findMigrationLayout, listMigrations } from "../migrations/migration-directory.ts";
import { listBoundServices } from "../state/environment-services.ts";
import { noteReleaseBackup } from "../state/releases.ts";
import { hasPrismaModels } from "./find-prisma.ts";
import { mainDatabase } from "./release-context.ts";
import { type CommandContext, runCommand } from "./run-command.ts";

export type SchemaWay = "commands" | "pre_start" | "prisma" | "migrations" | "none";

export async function chooseSchemaWay(manifest: Manifest, folder: string): Promise<SchemaWay> {
  if (manifest.migrate.length > 0) return "commands";
  const hasPreStart =
    manifest.preStart.length > 0 ||
    Object.values(manifest.services).some(({ preStart }) => preStart.length > 0);
  // Whoever sets one owns the schema's set-up; it runs before the services start.
  if (hasPreStart) return "pre_start";
  if (mainDatabase(manifest) === undefined) return "none";
  if (await hasPrismaModels(folder)) return "prisma";
  const layout = await findMigrationLayout(folder);
  const isOurs = layout === "migrations" || layout === "db/migrations" || layout === "schema";
  return isOurs && (await listMigrations(join(folder, layout))).length > 0 ? "migrations" : "none";
}

/** @throws Y7052 */
export async function applySchema(platform: Platform, context: CommandContext): Promise<void> {
  const { manifest, folder } = context.release;
  const way = await chooseSchemaWay(manifest, folder);
  if (way === "commands") {
    for (const command of manifest.migrate)
      await runCommand(context, { what: "A command of `migrate`", command, service: null });
  }
  if (way === "prisma") await pushPrisma(platform, context);
  if (way === "migrations") {
    await runCommand(context, {
      what: "The migration",
      command: ["postern", "db", "migrate", "--ci"],
      service: null,
    });
  }
}

/** Before every start, the project's first, then the service's own. @throws Y7052 */
export async function runPreStart(context: CommandContext): Promise<void> {
  const { manifest } = context.release;
  for (const command of manifest.preStart)
    await runCommand(context, { what: "preStart", command, service: null });
  for (const service of Object.values(manifest.services))
    for (const command of service.preStart)
      await runCommand(context, { what: `preStart of ${service.name}`, command, service });
}

/**
 * `db push` drops tables that the schema does not know, without a word where they are empty: what is there is kept first.
 * What would lose data it refuses, unless the deploy says otherwise.
 */
async function pushPrisma(platform: Platform, context: CommandContext): Promise<void> {
  const { release, run, values } = context;
  await takeSnapshot(platform, context);
  const accepts = run.row.input.accept_data_loss === true;
  const direct = values.get(mainDatabase(release.manifest)!)!.direct;
  await runCommand(context, {
    what: "prisma db push",
    command: ["prisma", "db", "push", ...(accepts ? ["--accept-data-loss"] : [])],
    service: null,
    // Its schema engine does not go through a pooler.
    environment: { DATABASE_URL: direct, PRISMA_HIDE_UPDATE_MESSAGE: "1" },
  }).catch((error: unknown) => {
    const detail = (error as { detail?: string }).detail;
    if (accepts || !/data.loss/i.test(detail ?? "")) throw error;
    throw posternError("Y7052", "prisma db push would lose data, and was not done.", {
      detail,
      hint: "Write a migration (preStart: prisma migrate deploy), or deploy with --accept-data-loss; a snapshot was taken.",
    });
  });
}

async function takeSnapshot(platform: Platform, { release, run }: CommandContext): Promise<void> {
  const main = mainDatabase(release.manifest);
  const bound = await listBoundServices(platform.state, release.key);
  const row = bound.find(({ service }) => service === main)?.database;
  if (!row) return;
  const id = (run.row.input.safety_backup as BackupId | undefined) ?? newBackupId();
  await run.remember({ safety_backup: id });
  const expiresAt = expiryOf(platform.clock.now(), await findPolicy(platform, row));
  await run.step("snapshot", () => makeBackup(platform, run, row, { id, kind: "safety", expiresAt }));
  await noteReleaseBackup(platform.state, release.key, release.row.number, id);
}
