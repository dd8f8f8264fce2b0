/** In charge of a statement's answer on its way to where it goes: rows as they come, then how many, then how long. */
import { formatDuration, plural } from "../format.ts";
import type { Paint } from "../output.ts";
import { repeatedNames } from "../print-answers.ts";
import { openFormat } from "./formats/open-format.ts";
import type { ResultFormatter } from "./formats/result-format.ts";
import type { ShellSettings } from "./settings.ts";
import type { ResultColumn, StatementEnd, StatementSink, TextRow } from "./stream-statement.ts";
import type { TextTarget } from "./text-target.ts";

export interface PrintOptions {
  target: TextTarget;
  settings: ShellSettings;
  paint: Paint;
  width: number;
  /** A line before the result. */
  title?: string | undefined;
  /** Nothing about rows and time. */
  quiet?: boolean;
  /** For what is no data. */
  say: (text: string) => void;
}

export interface ResultPrinter {
  sink: StatementSink;
  /** @param ms what it took; undefined: not to be said */
  end(end: StatementEnd, ms: number | undefined): Promise<void>;
  /** Rows printed. */
  count(): number;
  /** Time that printing took, a reader at a pager included. */
  writingMs(): number;
}

export function printResult({
  target,
  settings,
  paint,
  width,
  title,
  quiet,
  say,
}: PrintOptions): ResultPrinter {
  let columns: ResultColumn[] | undefined;
  let formatter: ResultFormatter | undefined;
  let count = 0;
  let writingMs = 0;
  const isForPeople = settings.format === "aligned" || settings.format === "unaligned";
  const open = (first: readonly TextRow[]): ResultFormatter => {
    formatter ??= openFormat(
      settings,
      {
        columns: columns!,
        nullText: settings.nullText,
        tuplesOnly: settings.tuplesOnly,
        fieldSeparator: settings.fieldSeparator,
        paint,
        isTerminal: target.isTerminal,
        width,
      },
      first,
    );
    return formatter;
  };
  return {
    count: () => count,
    writingMs: () => writingMs,
    sink: {
      columns(found) {
        columns = found;
        if (settings.format === "json") for (const text of repeatedNames(found)) say(text);
      },
      async rows(rows) {
        const startedAt = performance.now();
        const head = count === 0 && title !== undefined && isForPeople ? `${title}\n` : "";
        count += rows.length;
        const wish = await target.write(head + open(rows).rows(rows));
        writingMs += performance.now() - startedAt;
        return wish;
      },
    },
    async end(end, ms) {
      const time = ms === undefined ? undefined : formatDuration(ms);
      if (!columns) {
        const text = [describeEnd(end), time].filter((part) => part !== undefined).join(" · ");
        // Beside data for programs there is nothing but data.
        if (settings.format === "json")
          await target.write(`${JSON.stringify({ rows_affected: end.count ?? 0 })}\n`);
        else if (isForPeople && target.isScreen && end.tag !== "COPY") await target.write(`${text}\n`);
        else say(text);
        return;
      }
      // Lists of the shell's own say in words that they are empty.
      if (count === 0 && title !== undefined) return;
      const shape = open([]);
      await target.write(shape.end());
      if (!shape.countsRows || quiet) return;
      const counted = settings.footer && !settings.tuplesOnly ? `\n(${plural(count, "row")})\n` : "";
      await target.write(`${counted}${time === undefined ? "" : `\n${paint.dim(time)}\n`}`);
    },
  };
}

/** `1 row affected`, or what Postgres calls it. */
function describeEnd({ tag, count }: StatementEnd): string | undefined {
  if (count !== undefined && /^(INSERT|UPDATE|DELETE|MERGE|COPY)$/.test(tag))
    return tag === "COPY" ? `${plural(count, "row")} copied` : `${plural(count, "row")} affected`;
  return tag === "" ? undefined : tag;
}
