/** In charge of saying which rows: typed filters, a condition in SQL, and as whom they are read. */
import type { BrowseIdentity, CatalogTable, RowFilter } from "@postern/sdk/protocol";
import { useEffect, useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import type { TableView } from "./table-address.ts";

const operators: readonly (readonly [RowFilter["op"], string])[] = [
  ["eq", "is"],
  ["neq", "is not"],
  ["contains", "contains"],
  ["like", "is like"],
  ["gt", ">"],
  ["gte", "≥"],
  ["lt", "<"],
  ["lte", "≤"],
  ["in", "is one of"],
  ["is_null", "is NULL"],
];
const signOf = Object.fromEntries(operators) as Record<RowFilter["op"], string>;

export interface FilterBarProps {
  table: CatalogTable;
  view: TableView;
  onChange: (view: Partial<TableView>) => void;
}

export function FilterBar({ table, view, onChange }: FilterBarProps) {
  const [adding, setAdding] = useState(false);
  const [sql, setSql] = useState(view.where);
  const [isSqlOpen, setSqlOpen] = useState(view.where !== "");
  useEffect(() => setSql(view.where), [view.where]);
  useEffect(() => setAdding(false), [table]);
  return (
    <div class="filter-bar">
      {view.filters.map((filter, at) => (
        <span class="filter-chip" key={`${filter.column}${filter.op}${String(filter.value)}`}>
          <code>{filter.column}</code> {describe(filter)}
          <button
            type="button"
            aria-label={`Remove the filter on ${filter.column}`}
            onClick={() => onChange({ filters: view.filters.filter((_, other) => other !== at) })}
          >
            <Icon name="x" size={12} />
          </button>
        </span>
      ))}
      {adding ? (
        <FilterForm
          table={table}
          onAdd={(filter) => {
            onChange({ filters: [...view.filters, filter] });
            setAdding(false);
          }}
          onCancel={() => setAdding(false)}
        />
      ) : (
        <Button small kind="quiet" icon="plus" onClick={() => setAdding(true)}>
          Filter
        </Button>
      )}
      {isSqlOpen ? (
        <form
          class="filter-sql"
          onSubmit={(event) => {
            event.preventDefault();
            onChange({ where: sql.trim() });
          }}
        >
          <span class="mono muted">where</span>
          <input
            class="input mono"
            aria-label="Condition in SQL"
            value={sql}
            spellcheck={false}
            autocapitalize="off"
            placeholder="total > 10 and note like '%door%'"
            onInput={(event) => setSql(event.currentTarget.value)}
          />
          <Button small type="submit" disabled={sql.trim() === view.where}>
            Apply
          </Button>
          <Button
            small
            kind="quiet"
            icon="x"
            label="Remove the condition"
            onClick={() => {
              setSqlOpen(false);
              setSql("");
              if (view.where !== "") onChange({ where: "" });
            }}
          />
        </form>
      ) : (
        <Button small kind="quiet" icon="terminal" onClick={() => setSqlOpen(true)}>
          SQL condition
        </Button>
      )}
      <ViewAs as={view.as} onChange={(as) => onChange({ as })} />
    </div>
  );
}

function describe({ op, value }: RowFilter): string {
  if (op === "is_null") return value === "false" ? "is not NULL" : "is NULL";
  const shown = Array.isArray(value) ? value.join(", ") : value === "" ? "“”" : value;
  return `${signOf[op]} ${shown}`;
}

interface FilterFormProps {
  table: CatalogTable;
  onAdd: (filter: RowFilter) => void;
  onCancel: () => void;
}

function FilterForm({ table, onAdd, onCancel }: FilterFormProps) {
  const [column, setColumn] = useState(table.columns[0]?.name ?? "");
  const [op, setOp] = useState<RowFilter["op"] | "not_null">("eq");
  const [value, setValue] = useState("");
  const kind = table.columns.find(({ name }) => name === column);
  const takesValue = op !== "is_null" && op !== "not_null";
  const add = () => {
    if (op === "not_null") onAdd({ column, op: "is_null", value: "false" });
    else if (op === "is_null") onAdd({ column, op });
    else if (op === "in") onAdd({ column, op, value: value.split(",").map((one) => one.trim()) });
    else onAdd({ column, op, value });
  };
  return (
    <form
      class="filter-form"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <select
        class="input select"
        aria-label="Column"
        value={column}
        ref={focusOnce}
        onChange={(event) => setColumn(event.currentTarget.value)}
      >
        {table.columns.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        class="input select"
        aria-label="Comparison"
        value={op}
        onChange={(event) => setOp(event.currentTarget.value as RowFilter["op"])}
      >
        {[...operators, ["not_null", "is not NULL"] as const].map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
      {takesValue && (
        <input
          class="input"
          aria-label="Value"
          value={value}
          list={kind?.values ? "filter-values" : undefined}
          placeholder={op === "in" ? "one, two, three" : op === "like" ? "a%" : ""}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      )}
      {kind?.values && (
        <datalist id="filter-values">
          {kind.values.map((label) => (
            <option key={label} value={label} />
          ))}
        </datalist>
      )}
      <Button small type="submit" kind="primary">
        Add
      </Button>
      <Button small kind="quiet" icon="x" label="Cancel" onClick={onCancel} />
    </form>
  );
}

function focusOnce(element: HTMLElement | null): void {
  if (!element || element.dataset.seen) return;
  element.dataset.seen = "yes";
  element.focus();
}

export interface ViewAsProps {
  as: BrowseIdentity | undefined;
  onChange: (as: BrowseIdentity | undefined) => void;
}

/** Row security is what its clients meet; here it can be seen with their eyes. */
export function ViewAs({ as, onChange }: ViewAsProps) {
  const kind = as === undefined ? "owner" : "subject" in as ? "user" : "anon";
  const [isUser, setUser] = useState(kind === "user");
  const [subject, setSubject] = useState(as && "subject" in as ? as.subject : "");
  return (
    <form
      class="view-as"
      onSubmit={(event) => {
        event.preventDefault();
        if (subject.trim() !== "") onChange({ subject: subject.trim() });
      }}
    >
      <Icon name="eye" size={14} />
      <select
        class="input select"
        aria-label="See it as"
        value={isUser ? "user" : kind}
        onChange={(event) => {
          const wanted = event.currentTarget.value;
          setUser(wanted === "user");
          if (wanted === "owner") onChange(undefined);
          if (wanted === "anon") onChange({ anonymous: true });
        }}
      >
        <option value="owner">As the owner</option>
        <option value="anon">As anon</option>
        <option value="user">As a user…</option>
      </select>
      {isUser && (
        <input
          class="input mono"
          aria-label="The user's subject"
          placeholder="auth.uid(), then Enter"
          value={subject}
          onInput={(event) => setSubject(event.currentTarget.value)}
          onBlur={() => subject.trim() !== "" && onChange({ subject: subject.trim() })}
        />
      )}
    </form>
  );
}
