/** In charge of `postern db migrate`: a folder's migrations, applied or compared. */
import type { MigrateResult, MigrationOutcome, MigrationState } from "@postern/sdk/protocol";
import { PosternError, posternError } from "../../base/error.ts";
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { formatDuration, plural } from "../format.ts";
import { findMigrationDirectory, readMigrationFiles, shortPath } from "../migration-directory.ts";
import type { Output } from "../output.ts";
import { renderCaret } from "../render-error.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.forDatabase(target);
  const directory = await findMigrationDirectory(context.directory, input);
  const files = await readMigrationFiles(directory);
  if (input.flag("status") || input.flag("plan")) {
    const states = await control.compareMigrations(target.ref, { files });
    await output.print(states, () => renderStates(states, input.flag("plan")));
    const isPending = states.some(({ state }) => state === "pending");
    return isPending && input.flag("exitCode") ? exitCodes.pending : undefined;
  }
  if (output.forPeople) {
    const pending = (await control.compareMigrations(target.ref, { files })).filter(isPendingState).length;
    if (pending > 0) {
      const where = shortPath(context.directory, directory);
      output.talk(`› Running ${plural(pending, "pending migration")} of ${where}...\n`);
    }
  }
  const operation = await control.migrate(target.ref, { files });
  const ended = await context.follow(control, operation, "Migrating");
  await report(context, ended.result as MigrateResult | null);
  if (ended.error) throw PosternError.fromBody(ended.error);
  if (ended.status !== "completed") throw posternError("Y3011", `Operation ${ended.id} was ${ended.status}.`);
  return undefined;
};

const isPendingState = ({ state }: MigrationState): boolean => state === "pending";

async function report({ output }: CliContext, result: MigrateResult | null): Promise<void> {
  if (!result) return;
  await output.print(result, () => renderOutcomes(result.migrations, output));
  if (result.migrations.some(({ outcome }) => outcome === "failed")) return;
  output.success(
    result.applied === 0
      ? result.total === 0
        ? "No migrations"
        : `All ${plural(result.total, "migration")} already applied`
      : `${plural(result.applied, "migration")} applied`,
  );
}

export function renderOutcomes(
  migrations: readonly MigrationOutcome[],
  { paint }: Pick<Output, "paint">,
): string {
  const width = Math.max(0, ...migrations.map(({ name }) => name.length));
  const lines = migrations.map(({ name, outcome, duration_ms, error }) => {
    const label = name.padEnd(width);
    if (outcome === "applied") return `  ${paint.green("✓")} ${label}  ${formatDuration(duration_ms ?? 0)}`;
    if (outcome === "not_run") return `  ${paint.dim("○")} ${label}  not run`;
    const place = error && error.line !== null ? `line ${error.line}: ` : "";
    const first = `  ${paint.red("✗")} ${label}  ${place}${error ? `${error.code} ${error.message}` : "failed"}`;
    if (!error || error.line === null || error.column === null || error.line_text === null) return first;
    const caret = renderCaret({ line: error.line, column: error.column, text: error.line_text });
    return `${first}\n${caret.replace(/^/gm, "      ")}`;
  });
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

const marks = { applied: "✓", pending: "○", changed: "!", missing: "?" } as const;
const remarks = {
  applied: "",
  pending: "",
  changed: "  changed since it was applied",
  missing: "  applied, and its file is gone",
} as const;

export function renderStates(states: readonly MigrationState[], withPlan: boolean): string {
  const shown = withPlan ? states.filter(isPendingState) : states;
  const lines = shown.map(({ name, state, plan }) => {
    const how =
      withPlan && plan
        ? `  ${plural(plan.statements, "statement")}, ${plan.no_transaction ? "without" : "in"} a transaction`
        : "";
    return `  ${marks[state]} ${name}${remarks[state]}${how}`;
  });
  const pending = states.filter(isPendingState).length;
  return `› Migration ${withPlan ? "plan" : "status"}:\n\n${lines.join("\n")}\n\n  ${plural(pending, "pending migration")}`;
}
