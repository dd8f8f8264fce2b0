/** In charge of `postern db trace`: all that one request asked, in its order, and what was remarkable about it. */
import type { RequestTrace, TracedStatement } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatTime, plural } from "../format.ts";
import { formatSpan } from "../inspect/format-value.ts";
import type { Paint } from "../output.ts";
import { printable, renderColumns } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.text("database"));
  const trace = await (await context.forDatabase(target)).getTrace(target.ref, input.args[0]!);
  await context.output.print(trace, () => renderTrace(trace, context.output.paint));
  return undefined;
};

function renderTrace(trace: RequestTrace, paint: Paint): string {
  const { request_id: id, at, statement_count: count, duration_ms: duration, n1_warnings: warnings } = trace;
  const head = `${id}  ${formatTime(at)}  ${plural(count, "statement")} in ${formatSpan(duration)}`;
  const began = new Date(at).getTime();
  const rows = groupRepeats(trace.statements).map((group) => renderGroup(group, began));
  const lines = renderColumns([["AT", "TOOK", "WAITED", "ROWS", "", "STATEMENT"], ...rows]);
  const told = warnings.map(({ message, statement }) =>
    [`  ${paint.yellow("!")} ${printable(message)}`, `      ${printable(statement)}`].join("\n"),
  );
  const more = count - trace.statements.length;
  const rest = more > 0 ? `\n… and ${more} more, not kept` : "";
  return [`${head}\n`, lines + rest, ...(told.length > 0 ? ["", ...told] : [])].join("\n");
}

/** The same, again and again, is one line. */
function groupRepeats(statements: readonly TracedStatement[]): TracedStatement[][] {
  const groups: TracedStatement[][] = [];
  for (const statement of statements) {
    const last = groups.at(-1);
    if (last?.[0]?.fingerprint === statement.fingerprint && !statement.error_code) last.push(statement);
    else groups.push([statement]);
  }
  return groups;
}

function renderGroup(group: readonly TracedStatement[], began: number): string[] {
  const first = group[0]!;
  const sum = (of: (one: TracedStatement) => number) => group.reduce((total, one) => total + of(one), 0);
  const notes = [
    group.length > 1 ? `×${group.length}` : "",
    group.some(({ slow }) => slow) ? "slow" : "",
    first.error_code ?? "",
  ];
  const after = Math.max(0, new Date(first.at).getTime() - began);
  return [
    `+${formatSpan(after)}`,
    formatSpan(sum((one) => one.duration_ms)),
    formatSpan(sum((one) => one.wait_ms)),
    group.some(({ rows }) => rows === null) ? "–" : String(sum((one) => one.rows ?? 0)),
    notes.filter((note) => note !== "").join(" "),
    printable(first.statement),
  ];
}
