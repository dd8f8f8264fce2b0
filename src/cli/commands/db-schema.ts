/** In charge of `postern db schema`: what is in a database, as a list, as SQL, or as the difference from another. */
import { hasCode, posternError } from "../../base/error.ts";
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { directUrl, withPostgresAt } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import { plural } from "../format.ts";
import { paintChange } from "../paint-change.ts";
import { readCurrentSchema } from "../read-current-schema.ts";
import { printable } from "../table.ts";
import { findEnvironmentDatabase, requireTarget } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireTarget(context, input, input.args[0]);
  const url = await directUrl(context, target);
  if (input.flag("dump")) return dump(context, url);
  const objects = await withPostgresAt(url, readCurrentSchema);
  const other = input.text("diff");
  if (other !== undefined) return showDifference(context, input, objects, other);
  const { renderSchemaList } = await import("../../postgres/schema/render-schema-list.ts");
  await context.output.print(objects, () => printable(renderSchemaList(objects).join("\n")));
  return undefined;
};

/** What has to change in the other one so that it is like this one. */
async function showDifference(
  context: CliContext,
  input: CommandInput,
  objects: Awaited<ReturnType<typeof readCurrentSchema>>,
  other: string,
): Promise<number | undefined> {
  const { output } = context;
  const { compareSchemas } = await import("../../postgres/schema/compare-schemas.ts");
  const { renderSchemaChanges } = await import("../../postgres/schema/render-schema-changes.ts");
  const before = await withPostgresAt(await urlOfOther(context, input, other), readCurrentSchema);
  const changes = compareSchemas(before, objects);
  const lines = renderSchemaChanges(changes);
  await output.print({ different: changes.length > 0, changes, lines }, () =>
    lines.map((line) => paintChange(printable(line), output.paint)).join("\n"),
  );
  if (changes.length === 0) output.success("The schemas are the same");
  else output.talk(`\n${plural(changes.length, "difference")}`);
  return changes.length > 0 && input.flag("exitCode") ? exitCodes.pending : undefined;
}

/** An address, a database, or an environment of the project. @throws Y3001 */
async function urlOfOther(context: CliContext, input: CommandInput, other: string): Promise<string> {
  if (/^postgres(?:ql)?:\/\//.test(other)) return other;
  return directUrl(context, { kind: "database", ref: other }).catch(async (error: unknown) => {
    if (!hasCode(error, "Y3001")) throw error;
    const place = { project: input.text("project"), service: input.text("service") };
    const target = await findEnvironmentDatabase(context, {
      kind: "environment",
      environment: other,
      ...place,
    }).catch(() => {
      throw error;
    });
    return directUrl(context, target);
  });
}

/** By pg_dump, without what is the platform's. */
async function dump({ output }: CliContext, url: string): Promise<undefined> {
  const { findPostgresPrograms } = await import("../transfer/postgres-programs.ts");
  const { runPostgresProgram } = await import("../transfer/run-postgres-program.ts");
  const end = await runPostgresProgram(await findPostgresPrograms(), {
    program: "pg_dump",
    url,
    args: [
      "--schema-only",
      "--no-owner",
      "--lock-wait-timeout=60s",
      ...["auth", "postern", "postern_private"].map((schema) => `--exclude-schema=${schema}`),
    ],
  });
  if (end.code !== 0) {
    throw posternError("Y6035", "The schema could not be read.", {
      detail: end.words || `pg_dump ended with ${end.code}.`,
    });
  }
  await output.print({ sql: end.stdout }, () => end.stdout);
  return undefined;
}
