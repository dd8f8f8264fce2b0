/** In charge of `postern db inspect slow` and `calls`: of Postern's databases by what it has kept, elsewhere by pg_stat_statements. */
import type { StatementInfo } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import { inspectReport } from "../../postgres/inspect/inspect-reports.ts";
import type { InspectReport, InspectRow } from "../../postgres/inspect/report.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgresAt } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import { renderReport } from "../inspect/render-report.ts";
import { requireTarget, type Target } from "../target.ts";

const keptColumns: InspectReport["columns"] = [
  { key: "calls", form: "count" },
  { key: "total_ms", title: "total", form: "duration" },
  { key: "mean_ms", title: "mean", form: "duration" },
  { key: "max_ms", title: "longest", form: "duration" },
  { key: "wait_ms", title: "waited", form: "duration" },
  { key: "rows", form: "count" },
  { key: "errors", form: "count" },
  { key: "slow", form: "count" },
  { key: "percent", title: "of all time", form: "percent" },
  { key: "statement" },
];
const usualMinutes = 24 * 60;

export function inspectStatements(name: "slow" | "calls"): CommandRun {
  return async (context, input) => {
    const target = await requireTarget(context, input, input.args[0]);
    const minutes = readMinutes(input.text("since"));
    const { report, rows, shown, remark } = await readStatements(context, target, { name, minutes });
    await context.output.print(rows, () => (rows.length === 0 ? "" : renderReport(report, shown)));
    if (remark !== undefined) context.output.talk(remark);
    return undefined;
  };
}

interface StatementsAnswer {
  report: InspectReport;
  rows: readonly InspectRow[] | readonly StatementInfo[];
  /** The same for people. */
  shown: readonly InspectRow[];
  remark: string | undefined;
}

/** @throws Y9012 where nobody counts statements */
export async function readStatements(
  context: CliContext,
  target: Target,
  { name, minutes = usualMinutes, limit = 50 }: { name: "slow" | "calls"; minutes?: number; limit?: number },
): Promise<StatementsAnswer> {
  const report = inspectReport(name);
  if (target.kind === "url") {
    const rows = await withPostgresAt(target.url, (client) => report.read(client, { overMs: 0 }));
    return { report, rows, shown: rows, remark: rows.length === 0 ? report.nothing : undefined };
  }
  const control = await context.forDatabase(target);
  const order = name === "slow" ? "total" : "calls";
  const rows = await control.listStatements(target.ref, { since_minutes: minutes, order, limit });
  const remark = rows.length === 0 ? "No statement ran in that time." : remarkOf(rows, minutes);
  return { report: { ...report, columns: keptColumns }, rows, shown: withShares(rows), remark };
}

function withShares(rows: readonly StatementInfo[]): InspectRow[] {
  const all = rows.reduce((sum, { total_ms }) => sum + total_ms, 0);
  return rows.map((row) => ({
    ...row,
    percent: (100 * row.total_ms) / Math.max(all, 0.001),
    wait_ms: row.wait_ms === 0 ? null : row.wait_ms,
    errors: row.errors === 0 ? null : row.errors,
    slow: row.slow === 0 ? null : row.slow,
  }));
}

function remarkOf(rows: readonly StatementInfo[], minutes: number): string {
  const since = minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
  const ways = rows.some(({ source }) => source === "postgres") ? "by every way in" : "over HTTP";
  return `\n  Of the last ${since}, ${ways}; --since says otherwise, --json has their fingerprints.`;
}

/** @throws Y1013 */
function readMinutes(text: string | undefined): number {
  if (text === undefined) return usualMinutes;
  const found = /^(\d+)([mhd])$/.exec(text);
  const minutes = Number(found?.[1]) * { m: 1, h: 60, d: 1_440 }[(found?.[2] ?? "m") as "m" | "h" | "d"];
  if (found && minutes >= 1 && minutes <= 525_600) return minutes;
  throw posternError("Y1013", `--since ${text} is no span of time.`, { hint: "Write 10m, 24h or 7d." });
}
