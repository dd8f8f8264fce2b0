/** In charge of what a statement answered: rows in the grid, a plan as a tree, or how many rows it changed. */
import { useMemo, useState } from "preact/hooks";
import { count, duration, plural } from "../app/format.ts";
import { CellDialog } from "../data/cell-dialog.tsx";
import { type CopyFormat, copyFormats, copyRows } from "../data/copy-rows.ts";
import { saveFile } from "../data/export-rows.ts";
import { Grid, type GridColumn, type Spot } from "../data/grid.tsx";
import { Button } from "../ui/button.tsx";
import { readPlan } from "./explain-plan.ts";
import { PlanTree } from "./plan-tree.tsx";
import { mostResultRows, type StatementResult } from "./run-statement.ts";

const numbers = new Set(["int2", "int4", "int8", "numeric", "float4", "float8", "oid"]);
const kinds: Record<string, string> = { json: "json", jsonb: "json", bytea: "bytes" };

export function ResultView({ result }: { result: StatementResult }) {
  const plan = useMemo(() => planOf(result), [result]);
  const [opened, setOpened] = useState<Spot>();
  const [told, setTold] = useState("");
  const columns = useMemo(
    (): GridColumn[] =>
      result.fields.map(({ name, type }, at) => ({
        name,
        type,
        width: widthFor(name, result, at),
        end: numbers.has(type),
      })),
    [result],
  );
  if (plan) return <PlanTree report={plan} />;
  if (result.fields.length === 0)
    return (
      <p class="sql-done" role="status">
        {result.affected === null ? "Done" : plural(result.affected, "row")} · {duration(result.ms)}
      </p>
    );
  const copied = { columns: result.fields.map(({ name }) => name), rows: result.rows, table: "result" };
  const copyPart = (from: Spot, to: Spot) => {
    const [left, right] = [Math.min(from.column, to.column), Math.max(from.column, to.column)];
    const rows = result.rows
      .slice(Math.max(0, Math.min(from.row, to.row)), Math.max(from.row, to.row) + 1)
      .map((row) => row.slice(left, right + 1));
    void navigator.clipboard?.writeText(
      copyRows("tsv", { ...copied, columns: copied.columns.slice(left, right + 1), rows }),
    );
    setTold(`Copied ${plural(rows.length * (right - left + 1), "value")}.`);
  };
  const value = opened && result.rows[opened.row]?.[opened.column];
  return (
    <div class="sql-result">
      <div class="table-tools">
        <span class="muted small" role="status">
          {result.more ? `The first ${count(mostResultRows)} rows` : plural(result.rows.length, "row")} ·{" "}
          {duration(result.ms)}
          {told && ` · ${told}`}
        </span>
        <span class="table-tools-end">
          <select
            class="input select tool-select"
            aria-label="Copy the result as"
            value=""
            onChange={(event) => {
              const format = event.currentTarget.value as CopyFormat;
              void navigator.clipboard?.writeText(copyRows(format, copied));
              setTold(`Copied ${plural(result.rows.length, "row")}.`);
              event.currentTarget.value = "";
            }}
          >
            <option value="" disabled hidden>
              Copy
            </option>
            {copyFormats.map(([format, text]) => (
              <option key={format} value={format}>
                Copy as {text}
              </option>
            ))}
          </select>
          <Button
            small
            kind="quiet"
            icon="download"
            onClick={() => saveFile("result.csv", new Blob([copyRows("csv", copied)], { type: "text/csv" }))}
          >
            CSV
          </Button>
        </span>
      </div>
      <Grid
        label="Result"
        columns={columns}
        rowCount={result.rows.length}
        rowAt={(index) => result.rows[index]}
        version={0}
        onOpen={setOpened}
        onCopy={copyPart}
      />
      {opened && value !== undefined && (
        <CellDialog
          title={result.fields[opened.column]!.name}
          column={{
            name: result.fields[opened.column]!.name,
            type: result.fields[opened.column]!.type,
            kind: (kinds[result.fields[opened.column]!.type] ?? "text") as "text",
          }}
          value={value}
          cut={false}
          onClose={() => setOpened(undefined)}
        />
      )}
    </div>
  );
}

/** By what the first rows hold. */
function widthFor(name: string, { rows }: StatementResult, at: number): number {
  const longest = rows
    .slice(0, 50)
    .reduce((most, row) => Math.max(most, Math.min(40, row[at]?.length ?? 4)), name.length + 6);
  return Math.min(340, Math.max(90, longest * 7.6 + 24));
}

function planOf({ fields, rows }: StatementResult) {
  if (fields.length !== 1 || fields[0]!.name !== "QUERY PLAN" || !rows[0]?.[0]?.startsWith("["))
    return undefined;
  try {
    return readPlan(rows[0][0]);
  } catch {
    return undefined;
  }
}
