/** In charge of `postern db reset`: a database as new, and then the migrations. */
import type { MigrateResult, MigrationFileBody, ResetResult } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { confirmEmptying, emptyByUrl, readEnd, tellSnapshot } from "../empty-target.ts";
import { plural } from "../format.ts";
import { findMigrationDirectory, readMigrationFiles } from "../migration-directory.ts";
import { overConnection } from "../migration-target.ts";
import { type DatabaseTarget, requireTarget } from "../target.ts";
import { renderOutcomes } from "./db-migrate.ts";

export const run: CommandRun = async (context, input) => {
  const files = await readMigrationFiles(await findFiles(context, input));
  const target = await requireTarget(context, input, input.args[0]);
  if (target.kind === "url") await resetByUrl(context, input, target.url, files);
  else await resetDatabase(context, input, target, files);
  return undefined;
};

/** Without migrations it is a wipe that is wanted, or the command was given in the wrong folder. */
async function findFiles(context: CliContext, input: CommandInput): Promise<string> {
  return findMigrationDirectory(context.directory, input).catch(
    (error: { code?: string; message: string }) => {
      if (error.code !== "Y5005") throw error;
      throw posternError("Y5005", error.message, {
        hint: "--dir names the folder; `postern db wipe` empties a database without running migrations.",
        cause: error,
      });
    },
  );
}

async function resetDatabase(
  context: CliContext,
  input: CommandInput,
  target: DatabaseTarget,
  files: MigrationFileBody[],
): Promise<void> {
  const control = await context.forDatabase(target);
  const info = await control.getDatabase(target.ref);
  const wish = await confirmEmptying(context, input, "Reset", info);
  const operation = await control.resetDatabase(info.id, { files, ...wish });
  const { result, error } = readEnd(await context.follow(control, operation, `Resetting ${info.name}`));
  if (error) {
    if (error.code === "Y5002") await showOutcomes(context, result as MigrateResult | null);
    throw error;
  }
  const reset = result as ResetResult;
  await showOutcomes(context, reset.migrations);
  context.output.success(`Reset database ${info.name}, ${countApplied(reset.migrations)}`);
  tellSnapshot(context, reset);
  if (!context.output.forPeople) await context.output.print(reset, () => "");
}

/** Not atomic as a whole: a migration that fails leaves those before it, each of them whole. */
async function resetByUrl(
  context: CliContext,
  input: CommandInput,
  url: string,
  files: MigrationFileBody[],
): Promise<void> {
  await emptyByUrl(context, input, url, "Reset", async (client, emptied) => {
    const { result, error } = await overConnection(client).migrate(files);
    await showOutcomes(context, result);
    if (!context.output.forPeople) await context.output.print({ ...emptied, migrations: result }, () => "");
    if (error) throw error;
    context.output.success(`Reset ${emptied.url}, ${countApplied(result)}`);
  });
}

async function showOutcomes({ output }: CliContext, result: MigrateResult | null): Promise<void> {
  if (!result || !output.forPeople) return;
  for (const note of result.notes) output.talk(note);
  await output.print(result, () => renderOutcomes(result.migrations, output));
}

const countApplied = (result: MigrateResult | null): string =>
  `${plural(result?.applied ?? 0, "migration")} applied`;
