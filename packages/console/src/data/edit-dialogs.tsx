/** In charge of new rows, and of the last look at changes: as SQL, before they are written in one transaction. */
import type { CatalogTable, RowEditPreview, RowEditResult } from "@postern/sdk/protocol";
import { useEffect, useState } from "preact/hooks";
import { ask, problemOf } from "../app/api.ts";
import { useChange } from "../app/change.tsx";
import { plural } from "../app/format.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Problem, Skeleton } from "../ui/states.tsx";
import type { Cell } from "./copy-rows.ts";
import { countStaged, editsOf, type Staged } from "./staged-edits.ts";
import { nameOf } from "./table-address.ts";
import { visibleText } from "./visible-text.ts";

export interface ReviewDialogProps {
  path: string;
  table: CatalogTable;
  staged: Staged;
  onWritten: (result: RowEditResult) => void;
  onClose: () => void;
}

export function ReviewDialog({ path, table, staged, onWritten, onClose }: ReviewDialogProps) {
  const [preview, setPreview] = useState<RowEditPreview>();
  const [problem, setProblem] = useState<ReturnType<typeof problemOf>>();
  const change = useChange();
  const body = { table: { schema: table.schema, name: table.name }, edits: editsOf(staged) };
  useEffect(() => {
    ask<RowEditPreview>(`${path}/rows/preview`, { method: "POST", body }).then(setPreview, (error: unknown) =>
      setProblem(problemOf(error)),
    );
  }, []);
  const write = async () => {
    const result = await change.run(() => ask<RowEditResult>(`${path}/rows/edit`, { method: "POST", body }));
    if (result) onWritten(result);
  };
  return (
    <Dialog
      title={`Write ${plural(countStaged(staged), "change")}`}
      wide
      onClose={onClose}
      onSubmit={() => void write()}
      actions={
        <>
          <Button onClick={onClose}>Not yet</Button>
          <Button kind="primary" type="submit" busy={change.busy} disabled={!preview}>
            Write them
          </Button>
        </>
      }
    >
      <p class="muted">
        They run in one transaction: all take effect, or none. They are in the log of changes afterwards.
      </p>
      {problem && <Problem problem={problem} />}
      {change.problem && <Problem problem={change.problem} />}
      {!preview && !problem && <Skeleton lines={3} />}
      {preview && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <pre class="cell-value" tabIndex={0}>
          {visibleText(preview.statements.join("\n"), { keepLines: true })}
        </pre>
      )}
    </Dialog>
  );
}

export interface NewRowDialogProps {
  table: CatalogTable;
  onAdd: (values: Record<string, Cell>) => void;
  onClose: () => void;
}

/** What is left alone gets its default. */
export function NewRowDialog({ table, onAdd, onClose }: NewRowDialogProps) {
  const [values, setValues] = useState<Record<string, Cell>>({});
  const columns = table.columns.filter(({ generated }) => !generated);
  return (
    <Dialog
      title={`New row in ${nameOf(table)}`}
      wide
      onClose={onClose}
      onSubmit={() => onAdd(values)}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit">
            Add to the changes
          </Button>
        </>
      }
    >
      {columns.map(({ name, type, nullable, default: fallback, values: labels }) => {
        const value = values[name];
        const state = value === undefined ? "default" : value === null ? "null" : "value";
        const set = (next: Cell | undefined) => {
          const { [name]: _, ...others } = values;
          setValues(next === undefined ? others : { ...others, [name]: next });
        };
        return (
          <div class="new-row-field" key={name}>
            <label for={`new-${name}`}>
              {name} <span class="muted small mono">{type}</span>
            </label>
            <select
              class="input select"
              aria-label={`What ${name} gets`}
              value={state}
              onChange={(event) => {
                const wanted = event.currentTarget.value;
                set(wanted === "default" ? undefined : wanted === "null" ? null : "");
              }}
            >
              <option value="default">default</option>
              {nullable && <option value="null">NULL</option>}
              <option value="value">value</option>
            </select>
            <input
              id={`new-${name}`}
              class="input mono"
              value={value ?? ""}
              list={labels ? `labels-${name}` : undefined}
              placeholder={state === "null" ? "NULL" : state === "default" ? (fallback ?? "NULL") : ""}
              onInput={(event) => set(event.currentTarget.value)}
            />
            {labels && (
              <datalist id={`labels-${name}`}>
                {labels.map((label) => (
                  <option key={label} value={label} />
                ))}
              </datalist>
            )}
          </div>
        );
      })}
    </Dialog>
  );
}
