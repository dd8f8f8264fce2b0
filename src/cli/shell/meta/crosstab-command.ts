/** In charge of `\crosstabview`: an answer whose values of one column become columns. */
import { posternError } from "../../../base/error.ts";
import type { CollectedAnswer, Shell } from "../shell.ts";
import type { ResultColumn, TextRow } from "../stream-statement.ts";
import { takeStatement } from "./run-commands.ts";

/** As many as Postgres allows a table. */
const mostColumns = 1_600;

export async function crosstabCommand(shell: Shell, rest: string): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  const { columns, rows } = crosstab(await shell.collect(sql), readNames(rest.replace(/;$/, "")));
  await shell.present(columns, rows);
  return true;
}

/** Names, also quoted ones with blanks. */
const readNames = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"]|"")*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
  );

/**
 * `wanted`: the columns for the rows' names, the columns' names, the values, and the order of the columns; by name or number.
 * @throws Y1013
 */
export function crosstab(
  { columns, rows }: Pick<CollectedAnswer, "columns" | "rows">,
  wanted: readonly string[],
): { columns: ResultColumn[]; rows: TextRow[] } {
  if (columns.length < 3)
    throw posternError("Y1013", "\\crosstabview takes a statement with three columns or more.");
  const down = findColumn(columns, wanted[0] ?? "1");
  const across = findColumn(columns, wanted[1] ?? "2");
  const value = findValue(columns, wanted[2], [down, across]);
  const order = wanted[3] === undefined ? undefined : findColumn(columns, wanted[3]);
  if (down === across)
    throw posternError("Y1013", "Rows and columns of \\crosstabview are the same column of the answer.");
  const heads = readHeads(rows, across, order);
  const places = new Map(heads.map((head, at) => [head, at]));
  const lines = new Map<string | null, (string | null)[]>();
  const taken = new Set<string>();
  for (const row of rows) {
    const name = row[down] ?? null;
    const line = lines.get(name) ?? heads.map((): string | null => "");
    lines.set(name, line);
    const at = places.get(row[across] ?? null)!;
    const key = JSON.stringify([name, at]);
    if (taken.has(key)) {
      const [place, head] = [name ?? "NULL", row[across] ?? "NULL"];
      throw posternError("Y1013", `There are several values for row ${place}, column ${head}.`, {
        hint: "GROUP BY both columns.",
      });
    }
    taken.add(key);
    line[at] = row[value] ?? null;
  }
  return {
    columns: [
      columns[down]!,
      ...heads.map((head) => ({ name: head ?? "", typeOid: columns[value]!.typeOid })),
    ],
    rows: [...lines].map(([name, line]) => [name, ...line]),
  };
}

function findColumn(columns: readonly ResultColumn[], wanted: string): number {
  if (/^\d+$/.test(wanted)) {
    if (columns[Number(wanted) - 1]) return Number(wanted) - 1;
    throw posternError("Y1013", `There is no column ${wanted}: the answer has ${columns.length}.`);
  }
  const exact = columns.filter(({ name }) => name === wanted).length > 0;
  const isIt = ({ name }: ResultColumn) => (exact ? name === wanted : name === wanted.toLowerCase());
  const at = columns.findIndex(isIt);
  if (at === -1) {
    throw posternError("Y1013", `The answer has no column ${wanted}.`, {
      hint: `It has ${columns.map(({ name }) => name).join(", ")}.`,
    });
  }
  if (columns.filter(isIt).length > 1)
    throw posternError("Y1013", `Several columns are called ${wanted}.`, { hint: "Give its number." });
  return at;
}

function findValue(
  columns: readonly ResultColumn[],
  wanted: string | undefined,
  used: readonly number[],
): number {
  if (wanted !== undefined) return findColumn(columns, wanted);
  const left = columns.flatMap((_, at) => (used.includes(at) ? [] : [at]));
  if (left.length === 1) return left[0]!;
  throw posternError("Y1013", "Which column has the values?", {
    hint: "\\crosstabview ROWS COLUMNS VALUES, by name or number.",
  });
}

/** As they come, else by a column of numbers or text. @throws Y1013 */
function readHeads(rows: readonly TextRow[], across: number, order: number | undefined): (string | null)[] {
  const ranks = new Map<string | null, string>();
  for (const row of rows) {
    const head = row[across] ?? null;
    if (!ranks.has(head)) ranks.set(head, order === undefined ? "" : (row[order] ?? ""));
  }
  if (ranks.size > mostColumns)
    throw posternError("Y1013", `\\crosstabview takes ${mostColumns} columns at the most; these are more.`);
  const heads = [...ranks.keys()];
  if (order === undefined) return heads;
  const isNumeric = [...ranks.values()].every((rank) => rank !== "" && Number.isFinite(Number(rank)));
  return heads.sort((one, other) => {
    const [left, right] = [ranks.get(one)!, ranks.get(other)!];
    return isNumeric ? Number(left) - Number(right) : left < right ? -1 : left > right ? 1 : 0;
  });
}
