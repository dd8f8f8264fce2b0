/** In charge of `postern db rollback`: migrations taken back by their down files. */
import type { MigrateResult } from "@postern/sdk/protocol";
import { parseDuration } from "../../base/duration.ts";
import { posternError } from "../../base/error.ts";
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import { plural } from "../format.ts";
import { findMigrationDirectory } from "../migration-directory.ts";
import { readCount } from "../read-count.ts";
import { renderOutcomes } from "./db-migrate.ts";

export const run: CommandRun = async (context, input) => {
  const { output, prompt } = context;
  const { readDownFiles } = await import("../../migrations/migration-directory.ts");
  const { planRollback, rollbackMigrations } = await import("../../migrations/rollback-migrations.ts");
  const downs = await readDownFiles(await findMigrationDirectory(context.directory, input));
  const lockTimeout = input.text("lockTimeout");
  const options = {
    steps: readCount(input, "steps"),
    to: input.text("to"),
    tableLock: lockTimeout === undefined ? undefined : { timeoutMs: parseDuration(lockTimeout) },
  };
  if (options.steps !== undefined && options.to !== undefined) {
    throw posternError("Y1013", "--steps and --to say the same in two ways.", { hint: "Give one of them." });
  }
  const result = await withPostgres(context, input, input.args[0], async (client) => {
    const names = await planRollback(client, downs, options);
    if (names.length === 0 || input.flag("plan")) return { names };
    output.talk(
      `› Taking back ${plural(names.length, "migration")}:\n${names.map((name) => `  ${name}`).join("\n")}`,
    );
    if (!isConfirmed(input)) await prompt.confirm("Run their down files? What they drop is gone.");
    return rollbackMigrations(client, downs, options);
  });
  if ("names" in result) {
    await output.print(result.names, () => result.names.map((name) => `  ${name}`).join("\n"));
    if (result.names.length === 0) output.success("Nothing to take back");
    return undefined;
  }
  await output.print(result, () => renderOutcomes(result.migrations, output));
  throwIfFailed(result);
  output.success(`${plural(result.migrations.length, "migration")} taken back`);
  return undefined;
};

function throwIfFailed({ migrations }: MigrateResult): void {
  const failed = migrations.find(({ outcome }) => outcome === "failed");
  if (!failed?.error) return;
  throw posternError("Y5002", `${failed.error.file} failed; ${failed.name} is still applied.`, {
    detail: failed.error.message,
    hint: failed.error.hint,
  });
}
