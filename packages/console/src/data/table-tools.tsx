/** In charge of the bar above a table's rows: how many there are, columns, copying, exporting, changing. */
import type { CatalogTable, RowPageRequest } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { isAbort, problemOf } from "../app/api.ts";
import { bytes, count, plural } from "../app/format.ts";
import { Button } from "../ui/button.tsx";
import { Problem } from "../ui/states.tsx";
import { type CopyFormat, copyFormats } from "./copy-rows.ts";
import { exportRows } from "./export-rows.ts";
import type { RowSource } from "./row-source.ts";
import { countStaged, type Staged } from "./staged-edits.ts";
import { nameOf, type TableView } from "./table-address.ts";

export interface TableToolsProps {
  path: string;
  table: CatalogTable;
  view: TableView;
  source: RowSource;
  request: RowPageRequest;
  staged: Staged;
  canEdit: boolean;
  onChange: (view: Partial<TableView>) => void;
  onRefresh: () => void;
  onCopy: (format: CopyFormat) => void;
  onNew: () => void;
  onReview: () => void;
  onDiscard: () => void;
}

export function TableTools(props: TableToolsProps) {
  const { path, table, view, source, request, staged, canEdit } = props;
  const [progress, setProgress] = useState<{ bytes: number; abort: AbortController }>();
  const [problem, setProblem] = useState<ReturnType<typeof problemOf>>();
  const changes = countStaged(staged);
  const save = async (format: "csv" | "ndjson") => {
    const abort = new AbortController();
    setProblem(undefined);
    setProgress({ bytes: 0, abort });
    const { limit: _, after: __, offset: ___, ...selection } = request;
    try {
      await exportRows(
        path,
        { ...selection, format },
        (seen) => setProgress({ bytes: seen, abort }),
        abort.signal,
      );
    } catch (error) {
      if (!isAbort(error)) setProblem(problemOf(error));
    } finally {
      setProgress(undefined);
    }
  };
  return (
    <>
      <div class="table-tools">
        <h2 class="table-title">{nameOf(table)}</h2>
        <span class="muted small" role="status">
          {describeCount(source)}
          {source.by.value === "offset" && " · jumped by counting rows off"}
        </span>
        <span class="table-tools-end">
          {changes > 0 && (
            <>
              <Button small kind="primary" onClick={props.onReview}>
                Review {plural(changes, "change")}
              </Button>
              <Button small kind="quiet" onClick={props.onDiscard}>
                Discard
              </Button>
            </>
          )}
          {canEdit && <Button small kind="quiet" icon="plus" label="New row" onClick={props.onNew} />}
          <ColumnChooser
            table={table}
            hidden={view.hidden}
            onChange={(hidden) => props.onChange({ hidden })}
          />
          <Choice label="Copy" options={copyFormats} onChoose={props.onCopy} />
          {progress ? (
            <Button small icon="x" onClick={() => progress.abort.abort()}>
              {bytes(progress.bytes)}
            </Button>
          ) : (
            <Choice
              label="Export"
              options={[
                ["csv", "CSV"],
                ["ndjson", "NDJSON"],
              ]}
              onChoose={(format) => void save(format)}
            />
          )}
          <Button small kind="quiet" icon="refresh-cw" label="Load again" onClick={props.onRefresh} />
        </span>
      </div>
      {problem && <Problem problem={problem} />}
    </>
  );
}

function describeCount(source: RowSource): string {
  const { rows, isAll } = source.known.value;
  const counted = source.count.value;
  if (isAll && (counted?.exact == null || rows >= counted.exact)) return plural(rows, "row");
  if (counted?.exact != null) return plural(counted.exact, "row");
  if (counted?.estimate != null) return `about ${plural(counted.estimate, "row")}`;
  return "counting…";
}

interface ChoiceProps<Value extends string> {
  label: string;
  options: readonly (readonly [Value, string])[];
  onChoose: (value: Value) => void;
}

/** A menu that the browser draws, and every keyboard knows. */
function Choice<Value extends string>({ label, options, onChoose }: ChoiceProps<Value>) {
  return (
    <select
      class="input select tool-select"
      aria-label={`${label} as`}
      value=""
      onChange={(event) => {
        onChoose(event.currentTarget.value as Value);
        event.currentTarget.value = "";
      }}
    >
      <option value="" disabled hidden>
        {label}
      </option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {label} as {text}
        </option>
      ))}
    </select>
  );
}

interface ColumnChooserProps {
  table: CatalogTable;
  hidden: readonly string[];
  onChange: (hidden: string[]) => void;
}

function ColumnChooser({ table, hidden, onChange }: ColumnChooserProps) {
  const shown = table.columns.length - hidden.length;
  return (
    <details class="column-chooser">
      <summary class="button button-quiet button-small">
        Columns {hidden.length > 0 && `${count(shown)}/${count(table.columns.length)}`}
      </summary>
      <div class="column-choices">
        {hidden.length > 0 && (
          <Button small onClick={() => onChange([])}>
            Show all
          </Button>
        )}
        {table.columns.map(({ name }) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={!hidden.includes(name)}
              // The key stays: without it no row could be opened or changed.
              disabled={table.primary_key.includes(name) || (shown === 1 && !hidden.includes(name))}
              onChange={(event) =>
                onChange(
                  event.currentTarget.checked ? hidden.filter((one) => one !== name) : [...hidden, name],
                )
              }
            />
            {name}
          </label>
        ))}
      </div>
    </details>
  );
}
