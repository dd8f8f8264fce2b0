/** In charge of `postern db inspect`: all looks at a database at once, and how much each of them found. */
import type pg from "pg";
import { inspectReports } from "../../postgres/inspect/inspect-reports.ts";
import type { InspectReport } from "../../postgres/inspect/report.ts";
import type { CommandRun } from "../command-spec.ts";
import { directUrl, withPostgresAt } from "../connect-postgres.ts";
import { plural } from "../format.ts";
import { renderColumns } from "../table.ts";
import { requireTarget } from "../target.ts";

interface Overview {
  name: string;
  summary: string;
  /** Null: it cannot be told here. */
  rows: number | null;
  /** With a command that mends it. */
  findings: number | null;
}

export const run: CommandRun = async (context, input) => {
  const target = await requireTarget(context, input, input.args[0]);
  // What Postern's own databases are asked, the daemon knows; `db inspect slow` asks it.
  const reports = inspectReports.filter(
    ({ name }) => target.kind === "url" || !["slow", "calls"].includes(name),
  );
  const overview = await withPostgresAt(await directUrl(context, target), async (client) => {
    const found: Overview[] = [];
    for (const report of reports) found.push(await look(client, report));
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
