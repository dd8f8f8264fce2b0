/** In charge of `postern db inspect`: all looks at a database at once, and how much each of them found. */
import type pg from "pg";
import { inspectReports } from "../../postgres/inspect/inspect-reports.ts";
import type { InspectReport } from "../../postgres/inspect/report.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgres } from "../connect-postgres.ts";
import { plural } from "../format.ts";
import { renderColumns } from "../table.ts";

interface Overview {
  name: string;
  summary: string;
  /** Null: it cannot be told here. */
  rows: number | null;
  /** With a command that mends it. */
  findings: number | null;
}

export const run: CommandRun = async (context, input) => {
  const overview = await withPostgres(context, input, input.args[0], async (client) => {
    const found: Overview[] = [];
    for (const report of inspectReports) found.push(await look(client, report));
    return found;
  });
  await context.output.print(overview, () => render(overview));
  context.output.talk("\n  postern db inspect NAME shows one of them; postern db advise says what to do.");
  return undefined;
};

async function look(client: pg.Client, report: InspectReport): Promise<Overview> {
  const { name, summary } = report;
  try {
    const rows = await report.read(client, { overMs: 60_000 });
    return { name, summary, rows: rows.length, findings: rows.filter(({ mend }) => mend).length };
  } catch {
    // Not everything can be told everywhere; the command of that name says why.
    return { name, summary, rows: null, findings: null };
  }
}

const render = (overview: readonly Overview[]): string =>
  renderColumns(
    overview.map(({ name, summary, rows, findings }) => [
      `${findings === null ? "?" : findings > 0 ? "!" : "✓"} ${name}`,
      rows === null
        ? "cannot be told here"
        : findings! > 0
          ? `${plural(findings!, "finding")} of ${rows}`
          : plural(rows, "line"),
      summary,
    ]),
  );
