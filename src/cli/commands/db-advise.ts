/** In charge of `postern db advise`: what would make a database faster or smaller, each with the command that does it. */
import type { NPlusOneInfo } from "@postern/sdk/protocol";
import { exitCodes } from "../../base/error-codes.ts";
import {
  adviseIndexes,
  type IndexAdvice,
  type WorkloadStatement,
} from "../../postgres/advise/advise-indexes.ts";
import { findStatementsView, readWorkload } from "../../postgres/inspect/statement-reports.ts";
import type { CommandRun } from "../command-spec.ts";
import { directUrl, withPostgresAt } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import { formatBytes, plural } from "../format.ts";
import { formatCount, formatSpan } from "../inspect/format-value.ts";
import type { Paint } from "../output.ts";
import { printable } from "../table.ts";
import { requireTarget, type Target } from "../target.ts";

/** What is known of the last week counts. */
const workloadMinutes = 7 * 24 * 60;

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireTarget(context, input, input.args[0]);
  const known = await readKnown(context, target);
  const { indexes, isCounted } = known?.indexes
    ? { indexes: known.indexes, isCounted: true }
    : await withPostgresAt(await directUrl(context, target), async (client) => {
        const isCounted = known !== undefined || (await findStatementsView(client)) !== undefined;
        const workload = known?.statements ?? (isCounted ? await readWorkload(client) : []);
        return { indexes: await adviseIndexes(client, workload), isCounted };
      });
  const advice = { n1_warnings: known?.repeated ?? [], indexes };
  const count = advice.n1_warnings.length + indexes.length;
  await output.print(advice, () => render(advice, output.paint));
  if (!isCounted)
    output.talk(
      "! Nobody counts statements here, so nobody can tell which indexes are missing; CREATE EXTENSION pg_stat_statements would.",
    );
  if (count === 0 && isCounted) output.success("Nothing to advise.");
  else if (count > 0) output.talk(`\n${plural(count, "finding")}.`);
  return input.flag("exitCode") && count > 0 ? exitCodes.pending : undefined;
};

interface Known {
  statements: WorkloadStatement[];
  repeated: NPlusOneInfo[];
  /** Absent where the database sleeps: whoever asks here wakes it. */
  indexes?: IndexAdvice[];
}

/** What the daemon knows; undefined for an address of its own. */
async function readKnown(context: CliContext, target: Target): Promise<Known | undefined> {
  if (target.kind === "url") return undefined;
  const control = await context.forDatabase(target);
  const [advice, statements, repeated] = await Promise.all([
    control.getAdvice(target.ref),
    control.listStatements(target.ref, { since_minutes: workloadMinutes, limit: 200 }),
    control.listNPlusOne(target.ref),
  ]);
  return { statements, repeated, ...(advice.awake && { indexes: advice.indexes }) };
}

function render(
  {
    n1_warnings: repeated,
    indexes,
  }: { n1_warnings: readonly NPlusOneInfo[]; indexes: readonly IndexAdvice[] },
  paint: Paint,
): string {
  return [
    ...repeated.map((one) => renderRepeated(one, paint)),
    ...indexes.map((one) => renderIndex(one, paint)),
  ].join("\n\n");
}

const renderRepeated = (one: NPlusOneInfo, paint: Paint): string =>
  [
    `${paint.yellow("!")} ${printable(one.message)}`,
    `    ${printable(one.statement)}`,
    `    in ${plural(one.requests, "request")}; ask once for all of them: WHERE … = ANY($1)`,
    `  → run: postern db trace ${one.last_request_id}`,
  ].join("\n");

function renderIndex(one: IndexAdvice, paint: Paint): string {
  const {
    kind,
    table,
    columns,
    index,
    reason,
    calls,
    total_ms: total,
    cost_before: before,
    cost_after: after,
  } = one;
  const head =
    kind === "missing_index"
      ? `${table}.${columns.join(", ")}`
      : `${index} on ${table}${one.size_bytes === null ? "" : `, ${formatBytes(one.size_bytes)}`}`;
  const cost =
    before === null || after === null ? [] : [`    cost ${formatCount(before)} → ${formatCount(after)}`];
  return [
    `${paint.cyan("→")} ${printable(head)}`,
    `    ${reason}`,
    ...(kind === "missing_index" ? [`    ${plural(calls, "run")}, ${formatSpan(total)} in all`] : []),
    ...one.statements.slice(0, 3).map((statement) => `    ${printable(statement)}`),
    ...cost,
    `  run: ${printable(one.run)}`,
  ].join("\n");
}
