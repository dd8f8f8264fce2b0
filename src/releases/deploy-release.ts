/**
 * In charge of deploying: unpacked, built, its schema applied, started beside what serves, and then in its place. A step
 * that fails ends it, and what served before serves on; what was done to the schema stays done.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { discardBackup } from "../backups/discard-backup.ts";
import type { BackupId, OperationId } from "../base/id.ts";
import { awaitOperation } from "../instances/await-operation.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { isMigrateImage, type PipelineStage, planPipeline } from "../manifest/plan-pipeline.ts";
import { findEnvironmentReleases, listReleases, noteFilesGone } from "../state/releases.ts";
import { applySchema, runPreStart } from "./apply-schema.ts";
import { buildRelease } from "./build-release.ts";
import {
  keyOf,
  noteFailed,
  type ReleaseInput,
  type ReleaseWork,
  resultOf,
  startServices,
  stopLeftovers,
  switchTo,
  undoChange,
} from "./change-release.ts";
import { openRelease, type ReleaseContext, readAllValues } from "./release-context.ts";
import { releasePlace, removeFolder, sealFolder, uploadsFolder } from "./release-layout.ts";
import { type CommandContext, runCommand } from "./run-command.ts";
import { unpackRelease } from "./unpack-release.ts";

export interface DeployInput extends ReleaseInput {
  upload: string;
  /** A restart that was under way when it was accepted. */
  after?: OperationId;
  accept_data_loss?: boolean;
}

const longestRestartMs = 30 * 60_000;
/** So many releases can be put back. */
export const keptReleases = 5;

export const deployRelease = (work: ReleaseWork): OperationHandler => ({
  async run(platform, run) {
    const input = run.row.input as unknown as DeployInput;
    const release = await openRelease(platform, keyOf(input), input.release);
    if (input.switched !== true) await runPipeline(platform, work, run, release);
    await run.step("switch", () => work.keeper.ensure(release.key));
    await rm(uploadFile(platform, input.upload), { force: true });
    await pruneReleases(platform, release);
    return resultOf(platform, work, await openRelease(platform, release.key, input.release), input.previous);
  },
  canCancel: ({ switched }) => switched !== true,
  async undo(platform, run) {
    const input = run.row.input as unknown as DeployInput;
    await undoChange(platform, work, run);
    if (input.switched === true) return;
    const backup = run.row.input.safety_backup as BackupId | undefined;
    // One that is whole is kept: the schema may have been changed since.
    if (backup !== undefined) await discardBackup(platform, backup, input.undoing!);
    await removeFolder(releasePlace(platform, keyOf(input)), input.release);
    await rm(uploadFile(platform, input.upload), { force: true });
    await noteFailed(platform, run);
  },
});

export const uploadFile = ({ config }: Pick<Platform, "config">, id: string): string =>
  join(uploadsFolder(config.home), `${id}.tar.gz`);

async function runPipeline(
  platform: Platform,
  work: ReleaseWork,
  run: OperationRun,
  release: ReleaseContext,
): Promise<void> {
  const input = run.row.input as unknown as DeployInput;
  if (input.after !== undefined) {
    await awaitOperation(platform, input.after, longestRestartMs, run.signal);
    run.signal.throwIfAborted();
  }
  await stopLeftovers(platform, run);
  // What serves is as it should be, should an attempt before have stopped it.
  await work.keeper.ensure(release.key);
  await run.step("unpack", () => unpackRelease(platform, release, uploadFile(platform, input.upload)));
  const context: CommandContext = {
    release,
    run,
    values: await readAllValues(platform, work.readValues, release),
  };
  for (const stage of planPipeline(release.manifest, input.environment)) {
    if (stage.action.type === "deploy") await deployServices(platform, work, context);
    else await run.step(stage.name, () => runStage(platform, context, stage));
  }
}

async function runStage(
  platform: Platform,
  context: CommandContext,
  { name, action }: PipelineStage,
): Promise<void> {
  const { manifest } = context.release;
  if (action.type === "build") await buildRelease(context);
  if (action.type === "migrate") await applySchema(platform, context);
  const service = action.service === undefined ? null : (manifest.services[action.service] ?? null);
  if (action.type === "run")
    for (const command of action.command ?? [])
      await runCommand(context, { what: `Step ${name}`, command, service });
  if (action.type !== "job" || !service) return;
  const command = isMigrateImage(service)
    ? ["postern", "db", "migrate", "--ci"]
    : [service.entrypoint, service.command]
        .filter((part) => part !== undefined)
        .map(asText)
        .join(" ");
  await runCommand(context, { what: `Job ${service.name}`, command, service });
}

const asText = (part: string | string[]): string =>
  typeof part === "string" ? part : part.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");

async function deployServices(platform: Platform, work: ReleaseWork, context: CommandContext): Promise<void> {
  const { release, run } = context;
  const { manifest } = release;
  if (
    manifest.preStart.length > 0 ||
    Object.values(manifest.services).some(({ preStart }) => preStart.length > 0)
  )
    await run.step("preStart", () => runPreStart(context));
  await run.step("seal", () => sealFolder(release.place, release.row.number));
  const marks = await startServices(platform, work, run, release);
  await switchTo(platform, run, release, { marks, before: "superseded" });
}

/** The newest that can be put back stay. */
async function pruneReleases(platform: Platform, { key, place }: ReleaseContext): Promise<void> {
  const active = (await findEnvironmentReleases(platform.state, key))?.active;
  const rows = (await listReleases(platform.state, key, 1_000)).filter((row) => row.has_files);
  for (const row of rows.filter(({ number }) => number !== active).slice(keptReleases)) {
    if (row.status === "deploying") continue;
    await noteFilesGone(platform.state, key, row.number);
    await removeFolder(place, row.number);
    await rm(place.deployLog(row.number), { force: true });
  }
}
