/** In charge of `postern db inspect NAME`: one look at a database, as a table or as JSON. */
import { posternError } from "../../base/error.ts";
import { inspectReport } from "../../postgres/inspect/inspect-reports.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import { renderReport } from "../inspect/render-report.ts";

/** The command that shows the report of this name. */
export function inspect(name: string): CommandRun {
  return async (context, input) => {
    const report = inspectReport(name);
    const { rows, remark } = await withPostgres(context, input, input.args[0], async (client) => ({
      rows: await report.read(client, { overMs: readOver(input.text("over")) }),
      remark: context.output.forPeople ? await report.remark?.(client) : undefined,
    }));
    await context.output.print(rows, () => (rows.length === 0 ? "" : renderReport(report, rows)));
    if (rows.length === 0) context.output.talk(report.nothing);
    if (remark !== undefined) context.output.talk(`\n  ${remark}`);
    return undefined;
  };
}

const usualOverMs = 60_000;
const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** @throws Y1013 */
function readOver(text: string | undefined): number {
  if (text === undefined) return usualOverMs;
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (!found) {
    throw posternError("Y1013", `--over ${text} is no span of time.`, {
      hint: "Write 500ms, 10s, 5m or 1h.",
    });
  }
  return Number(found[1]) * units[found[2]!]!;
}
