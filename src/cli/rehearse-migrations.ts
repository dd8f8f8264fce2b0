/** In charge of `postern db migrate --rehearse`: the report of a rehearsal, and the question that follows it. */
import type { MigrationFileBody, RehearsalResult, RehearsedMigration } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { type CommandInput, isConfirmed } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { formatBytes, formatDuration, plural } from "./format.ts";
import { requireDatabase } from "./target.ts";

/** True: the files are to be applied now. @throws Y5002 when one of them failed on the copy */
export async function rehearse(
  context: CliContext,
  input: CommandInput,
  files: MigrationFileBody[],
): Promise<boolean> {
  const { output, prompt } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.forDatabase(target);
  const operation = await control.rehearseMigrations(target.ref, { files });
  const ended = await context.finish(control, operation, "Rehearsing on a copy");
  const result = ended.result as RehearsalResult;
  const isApplied = isConfirmed(input);
  // With --yes the answer is that of the migration itself.
  if (isApplied) output.talk(renderRehearsal(result));
  else await output.print(result, () => renderRehearsal(result));
  const failed = result.migrations.find(({ outcome }) => outcome === "failed");
  if (failed)
    throw posternError("Y5002", `Migration ${failed.name} failed on the copy; the database is as it was.`, {
      detail: failed.error?.message,
      hint: failed.error?.hint ?? "Mend it and rehearse again.",
    });
  output.success(
    result.migrations.length === 0
      ? "Nothing is pending"
      : `${plural(result.migrations.length, "migration")} passed on the copy`,
  );
  if (result.migrations.length === 0) return false;
  if (isApplied) return true;
  if (!process.stdin.isTTY || !output.forPeople) {
    output.talk("  `postern db migrate` applies them; `--rehearse --yes` does so when all have passed.");
    return false;
  }
  await prompt.confirm("Apply them to the database now?");
  return true;
}

function renderRehearsal({ migrations }: RehearsalResult): string {
  const marks = { applied: "✓", failed: "✗", not_run: "○", recorded: "✓", undone: "✓" } as const;
  return migrations
    .flatMap((migration) => [
      `  ${marks[migration.outcome]} ${migration.name}  ${timeOf(migration)}`,
      ...locksOf(migration),
      ...migration.rewrites.map(
        ({ relation, bytes }) => `      writes ${relation} anew (${formatBytes(bytes)})`,
      ),
    ])
    .join("\n");
}

function timeOf({ outcome, duration_ms, error }: RehearsedMigration): string {
  if (outcome === "not_run") return "not run";
  if (outcome === "applied") return formatDuration(duration_ms ?? 0);
  return error
    ? `${error.line === null ? "" : `line ${error.line}: `}${error.code} ${error.message}`
    : "failed";
}

function locksOf({ outcome, locks }: RehearsedMigration): string[] {
  if (outcome !== "applied") return [];
  if (locks === null) return ["      runs without a transaction: its locks come and go with each statement"];
  return locks
    .filter(({ blocks }) => blocks !== "nothing")
    .map(({ relation, mode, blocks }) => `      blocks ${blocks} of ${relation} (${mode})`);
}
