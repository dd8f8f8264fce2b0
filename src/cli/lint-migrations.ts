/** In charge of `postern db migrate --lint`: what pending migrations block, lose or may fail at, without running them. */
import type { MigrationFileBody } from "@postern/sdk/protocol";
import { hasCode, PosternError } from "../base/error.ts";
import { exitCodes } from "../base/error-codes.ts";
import type { LintFinding } from "../migrations/lint/lint-rules.ts";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";
import { plural } from "./format.ts";
import { withMigrationTarget } from "./migration-target.ts";
import type { Output } from "./output.ts";
import { findProject } from "./project-file.ts";
import { renderCaret } from "./render-error.ts";
import { printable } from "./table.ts";
import { resolveTarget } from "./target.ts";

/** Needs no database: without one all files are looked at, with one those that are pending there. */
export async function lint(
  context: CliContext,
  input: CommandInput,
  bodies: MigrationFileBody[],
): Promise<number | undefined> {
  const { output } = context;
  const only = await filesToLint(context, input, bodies);
  const findings = await runLint(bodies, only, input.text("lockTimeout") !== undefined);
  await output.print(findings, () => renderLint(findings, output));
  const count = plural(only.size, "migration");
  if (findings.length === 0) {
    output.success(`Nothing to say about ${count}`);
    return undefined;
  }
  const errors = findings.filter(({ severity }) => severity === "error").length;
  output.talk(
    `\n${plural(errors, "error")}, ${plural(findings.length - errors, "warning")} in ${count}.` +
      " Mend it, or say above the statement why it is right: -- postern:allow RULE reason",
  );
  return input.flag("exitCode") || process.env.CI ? exitCodes.pending : undefined;
}

async function runLint(
  bodies: readonly MigrationFileBody[],
  only: ReadonlySet<string>,
  lockTimeoutGiven: boolean,
): Promise<LintFinding[]> {
  const { lintMigrations } = await import("../migrations/lint/lint-migrations.ts");
  const { readMigrationBodies } = await import("../migrations/migration-file.ts");
  const { MigrationFailure } = await import("../migrations/migration-failure.ts");
  try {
    return await lintMigrations(readMigrationBodies(bodies), { only, lockTimeoutGiven });
  } catch (error) {
    if (!(error instanceof MigrationFailure)) throw error;
    const { code, message, detail, hint, file, line } = error.body;
    throw new PosternError(code, `${file}${line === null ? "" : ` line ${line}`}: ${message}`, {
      detail,
      hint,
      cause: error,
    });
  }
}

async function filesToLint(
  context: CliContext,
  input: CommandInput,
  bodies: readonly MigrationFileBody[],
): Promise<Set<string>> {
  const names = bodies.map(({ name }) => name);
  const since = input.text("since");
  const { findMigration } = await import("../migrations/plan-migrations.ts");
  if (since !== undefined) return new Set(names.slice(names.indexOf(findMigration(names, since)) + 1));
  const project = await findProject(context.directory);
  const target = resolveTarget({ named: input.args[0], input, project, environment: process.env });
  if (!target) return new Set(names);
  try {
    const states = await withMigrationTarget(context, input, (found) => found.compare([...bodies]));
    return new Set(states.filter(({ state }) => state === "pending").map(({ name }) => name));
  } catch (error) {
    if (!hasCode(error, "Y4001", "Y0005")) throw error;
    context.output.warn("The database cannot be asked what is pending: all files are looked at.");
    return new Set(names);
  }
}

function renderLint(findings: readonly LintFinding[], { paint }: Pick<Output, "paint">): string {
  return findings
    .map(({ file, line, column, line_text, rule, severity, what, why, safe_way }) => {
      const color = severity === "error" ? paint.red : paint.yellow;
      const place = `${printable(file)}:${line}:${column}`;
      const caret = renderCaret({ line, column, text: line_text });
      const rest = [
        printable(`${what} ${why}`),
        ...safe_way.split("\n").map((text) => paint.cyan(printable(text))),
      ];
      return [
        `${paint.bold(place)}  ${color(severity)}  ${paint.dim(rule)}`,
        ...caret.split("\n").map((text) => `    ${printable(text)}`),
        ...rest.map((text) => `  ${text}`),
      ].join("\n");
    })
    .join("\n\n");
}
