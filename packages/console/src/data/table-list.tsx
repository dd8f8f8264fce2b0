/** In charge of the list of a database's tables, searched as one types; on narrow screens a choice, unless they are too many to choose from. */
import type { Catalog, CatalogTable } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { bytes, count } from "../app/format.ts";
import { Icon } from "../ui/icon.tsx";
import { nameOf } from "./table-address.ts";

export interface TableListProps {
  catalog: Catalog;
  chosen: CatalogTable | undefined;
  hrefOf: (table: CatalogTable) => string;
  onChoose: (table: CatalogTable) => void;
}

/** More would take long to draw, and nobody reads so many. */
const mostShown = 300;

export function TableList({ catalog, chosen, hrefOf, onChoose }: TableListProps) {
  const [search, setSearch] = useState("");
  const wanted = search.toLowerCase();
  const found = catalog.tables.filter((table) => nameOf(table).toLowerCase().includes(wanted));
  const isMany = catalog.tables.length > mostShown;
  return (
    <nav class={`table-list ${isMany ? "table-list-many" : ""}`} aria-label="Tables">
      {!isMany && (
        <select
          class="input select table-choice"
          aria-label="Table"
          value={chosen ? nameOf(chosen) : ""}
          onChange={(event) => {
            const table = catalog.tables.find((one) => nameOf(one) === event.currentTarget.value);
            if (table) onChoose(table);
          }}
        >
          {catalog.tables.map((table) => (
            <option key={nameOf(table)} value={nameOf(table)}>
              {nameOf(table)}
            </option>
          ))}
        </select>
      )}
      <input
        class="input table-search"
        type="search"
        aria-label="Search tables"
        placeholder="Search tables   /"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <ul class="table-names">
        {found.slice(0, mostShown).map((table) => (
          <li key={nameOf(table)}>
            <a
              class="table-name"
              href={hrefOf(table)}
              aria-current={table === chosen ? "page" : undefined}
              title={`${table.kind}, ${bytes(table.size_bytes)}${table.comment ? ` · ${table.comment}` : ""}`}
            >
              <Icon name={table.kind.includes("view") ? "eye" : "table-2"} size={14} />
              <span class="table-name-text">{nameOf(table)}</span>
              {table.estimated_rows !== null && (
                <span class="table-name-rows">{shortCount(table.estimated_rows)}</span>
              )}
            </a>
          </li>
        ))}
        {found.length === 0 && <li class="table-none muted small">No table is called that.</li>}
        {found.length > mostShown && (
          <li class="table-none muted small">… and {count(found.length - mostShown)} more: search.</li>
        )}
      </ul>
    </nav>
  );
}

const shortCount = (rows: number): string => {
  if (rows < 10_000) return String(Math.round(rows));
  return rows < 1_000_000 ? `${Math.round(rows / 1_000)}k` : `${(rows / 1_000_000).toFixed(1)}M`;
};
