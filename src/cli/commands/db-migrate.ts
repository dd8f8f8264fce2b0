/** In charge of `postern db migrate`: a folder's migrations, applied or compared. */
import type {
  MigrateOptions,
  MigrateResult,
  MigrationFileBody,
  MigrationOutcome,
  MigrationState,
} from "@postern/sdk/protocol";
import { parseDuration } from "../../base/duration.ts";
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { formatDuration, plural } from "../format.ts";
import { lint } from "../lint-migrations.ts";
import { findMigrationDirectory, readMigrationFiles, shortPath } from "../migration-directory.ts";
import { jobInput, jobWait } from "../migration-job.ts";
import { type MigrationTarget, withMigrationTarget } from "../migration-target.ts";
import type { Output } from "../output.ts";
import { rehearse } from "../rehearse-migrations.ts";
import { renderCaret } from "../render-error.ts";

export const run: CommandRun = async (context, given) => {
  const input = given.flag("ci") ? jobInput(given) : given;
  const directory = await findMigrationDirectory(context.directory, input);
  const files = await readMigrationFiles(directory);
  if (input.flag("lint")) return lint(context, input, files);
  if (input.flag("rehearse") && !(await rehearse(context, input, files))) return undefined;
  return withMigrationTarget(
    context,
    input,
    async (target) => {
      if (input.flag("status") || input.flag("plan")) return showStates(context, input, target, files);
      const options = readMigrateOptions(input);
      if (!options.baseline) await announce(context, target, files, directory);
      const { result, error } = await target.migrate(files, options);
      await report(context, result);
      if (error) throw error;
      return undefined;
    },
    input.flag("ci") ? jobWait(context, input) : undefined,
  );
};

function readMigrateOptions(input: CommandInput): MigrateOptions {
  const lockTimeout = input.text("lockTimeout");
  return {
    ...(input.text("to") === undefined ? {} : { to: input.text("to") }),
    ...(input.flag("strict") ? { strict: true } : {}),
    ...(input.flag("baseline") ? { baseline: true } : {}),
    ...(lockTimeout === undefined ? {} : { lock_timeout_ms: parseDuration(lockTimeout) }),
  };
}

async function showStates(
  { output }: CliContext,
  input: CommandInput,
  target: MigrationTarget,
  files: MigrationFileBody[],
): Promise<number | undefined> {
  const states = await target.compare(files);
  await output.print(states, () => renderStates(states, input.flag("plan")));
  return states.some(isPendingState) && input.flag("exitCode") ? exitCodes.pending : undefined;
}

async function announce(
  { output, directory: from }: CliContext,
  target: MigrationTarget,
  files: MigrationFileBody[],
  directory: string,
): Promise<void> {
  if (!output.forPeople) return;
  const pending = (await target.compare(files)).filter(isPendingState).length;
  if (pending === 0) return;
  const folder = shortPath(from, directory);
  const where = folder === "migrations" ? "" : ` of ${folder}`;
  output.talk(`› Running ${plural(pending, "pending migration")}${where}...\n`);
}

const isPendingState = ({ state }: MigrationState): boolean => state === "pending";

async function report({ output }: CliContext, result: MigrateResult | null): Promise<void> {
  if (!result) return;
  for (const note of result.notes) output.talk(note);
  await output.print(result, () => renderOutcomes(result.migrations, output));
  if (result.migrations.some(({ outcome }) => outcome === "failed")) return;
  const recorded = result.migrations.filter(({ outcome }) => outcome === "recorded").length;
  if (recorded > 0 || result.migrations.some(({ outcome }) => outcome === "not_run")) {
    const left = result.migrations.length - recorded;
    output.success(`${plural(recorded, "migration")} noted as applied, ${left} pending`);
    return;
  }
  output.success(
    result.applied === 0
      ? result.total === 0
        ? "No migrations"
        : `${result.total === 1 ? "" : "All "}${plural(result.total, "migration")} already applied`
      : `${plural(result.applied, "migration")} applied`,
  );
}

export function renderOutcomes(
  migrations: readonly MigrationOutcome[],
  { paint }: Pick<Output, "paint">,
): string {
  const width = Math.max(0, ...migrations.map(({ name }) => name.length));
  const lines = migrations.map(({ name, outcome, duration_ms, no_transaction, error, notes }) => {
    const label = name.padEnd(width);
    if (outcome === "applied") {
      const how = no_transaction ? "  without a transaction" : "";
      const done = `  ${paint.green("✓")} ${label}  ${formatDuration(duration_ms ?? 0)}${how}`;
      return [done, ...notes.map((note) => `      ${note}`)].join("\n");
    }
    if (outcome === "undone")
      return `  ${paint.green("✓")} ${label}  taken back  ${formatDuration(duration_ms ?? 0)}`;
    if (outcome === "recorded") return `  ${paint.green("✓")} ${label}  noted as applied, not run`;
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
  const lines = shown.map(({ name, state, plan, error }) => {
    const how =
      withPlan && plan
        ? `  ${plural(plan.statements, "statement")}, ${plan.no_transaction ? "without" : "in"} a transaction`
        : "";
    if (error) return `  ✗ ${name}  ${error.message}${error.line ? `, line ${error.line}` : ""}`;
    return `  ${marks[state]} ${name}${remarks[state]}${how}`;
  });
  const pending = states.filter(isPendingState).length;
  return `› Migration ${withPlan ? "plan" : "status"}:\n\n${lines.join("\n")}\n\n  ${plural(pending, "pending migration")}`;
}
