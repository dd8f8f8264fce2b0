/** In charge of printing the answers of statements, in the form that was asked for, so that no column is lost unnoticed. */

import { harmlessJson } from "./harmless-json.ts";
import type { Output } from "./output.ts";
import { renderResult, resultToJson } from "./render-result.ts";
import { csvCell } from "./shell/formats/machine.ts";
import type { SqlResult } from "./sql-result.ts";
import { printable } from "./table.ts";

export interface Answer {
  result: SqlResult;
  ms: number;
}

export async function printAnswers(output: Output, answers: readonly Answer[]): Promise<void> {
  const values = answers.map(({ result }) => resultToJson(result));
  await output.print(
    values.length === 1 ? values[0] : values,
    () => answers.map(({ result, ms }) => renderResult(result, ms)).join("\n\n"),
    () => {
      const csv = answers.map(({ result }) => resultToCsv(result)).join("\n");
      return process.stdout.isTTY ? printable(csv) : csv;
    },
  );
  if (output.forPeople || output.format === "csv") return;
  for (const { result } of answers) warnRepeated(output, result.columns ?? []);
}

/** Values by place: of columns with one name all are there. Tables of several statements stand a blank line apart. */
export function resultToCsv({ columns, values, count }: SqlResult): string {
  if (!columns) return `rows_affected\n${count}\n`;
  const lines = [columns.map(({ name }) => name), ...values.map((row) => row.map(cellOf))];
  return lines.map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

const cellOf = (value: unknown): string | null =>
  value === null || value === undefined
    ? null
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);

/** An object holds one value for a name. */
function warnRepeated(output: Output, columns: readonly { name: string }[]): void {
  for (const text of repeatedNames(columns)) output.warn(text);
}

/** A sentence for each name that several columns have. */
export function repeatedNames(columns: readonly { name: string }[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of columns) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(
      ([name, count]) =>
        `Of ${count} columns called ${harmlessJson(JSON.stringify(name))} only the last is shown. Give them names with AS, or take csv.`,
    );
}
