/** In charge of `postern db rls check`: what is wrong with row security, and the SQL that mends it. */
import { exitCodes } from "../../base/error-codes.ts";
import type { FindingSeverity, RowSecurityFinding } from "../../postgres/row-security/finding.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import { plural } from "../format.ts";
import type { Output } from "../output.ts";
import { printable } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const { inspectRowSecurity } = await import("../../postgres/inspect-row-security.ts");
  const findings = await withPostgres(context, input, input.args[0], inspectRowSecurity);
  await output.print(findings, () => renderFindings(findings, output));
  const wrong = findings.filter(({ severity }) => severity !== "info");
  if (wrong.length === 0) output.success("Row security holds");
  else output.talk(countFindings(findings));
  return wrong.length > 0 && input.flag("exitCode") ? exitCodes.pending : undefined;
};

function renderFindings(findings: readonly RowSecurityFinding[], { paint }: Pick<Output, "paint">): string {
  const colors = { error: paint.red, warning: paint.yellow, info: paint.dim };
  const blocks = findings.map(({ severity, rule, object, why, mend }) => {
    const first = `${colors[severity](severity.padEnd(7))}  ${printable(object)}  ${paint.dim(rule)}`;
    const rest = [printable(why), ...(mend === null ? [] : [paint.cyan(printable(mend))])];
    return [first, ...rest.map((line) => `         ${line}`)].join("\n");
  });
  return blocks.join("\n\n");
}

/** `1 error, 2 warnings`. */
function countFindings(findings: readonly RowSecurityFinding[]): string {
  const count = (wanted: FindingSeverity) => findings.filter(({ severity }) => severity === wanted).length;
  return [plural(count("error"), "error"), plural(count("warning"), "warning")].join(", ");
}
