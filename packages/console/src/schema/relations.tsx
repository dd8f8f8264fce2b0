/** In charge of what leads where, drawn: tables in columns by how far they are from those that name nothing, and lines between. */
import type { Catalog, CatalogTable } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { count } from "../app/format.ts";
import { nameOf } from "../data/table-address.ts";
import { Button } from "../ui/button.tsx";
import { Empty, Notice } from "../ui/states.tsx";
import { placeTables } from "./place-tables.ts";

export interface RelationsProps {
  catalog: Catalog;
  hrefOf: (table: CatalogTable) => string;
}

/** A drawing of more is a knot. */
const mostDrawn = 60;
const step = 250;

export function Relations({ catalog, hrefOf }: RelationsProps) {
  const [listed, setListed] = useState(step);
  const named = new Set(
    catalog.tables.flatMap(({ foreign_keys: keys }) => keys.map(({ target }) => nameOf(target))),
  );
  const linked = catalog.tables.filter((table) => table.foreign_keys.length > 0 || named.has(nameOf(table)));
  if (linked.length === 0)
    return <Empty icon="workflow" title="No table names another: there are no foreign keys." />;
  const { boxes, lines, width, height } = placeTables(linked.slice(0, mostDrawn));
  const keys = linked.flatMap((table) => table.foreign_keys.map((key) => ({ table, key })));
  return (
    <>
      {linked.length > mostDrawn && (
        <Notice>
          <p>
            The first {mostDrawn} of {count(linked.length)} tables are drawn; all of them are in the list
            below.
          </p>
        </Notice>
      )}
      <div class="relations">
        <div class="relations-inner" style={{ width: `${width}px`, height: `${height}px` }}>
          <svg width={width} height={height} aria-hidden="true" class="relations-lines">
            {lines.map(({ path, key }) => (
              <path key={key} d={path} />
            ))}
          </svg>
          {boxes.map(({ table, x, y, columns, more }) => (
            <a
              key={nameOf(table)}
              class="relation-box"
              href={hrefOf(table)}
              style={{ left: `${x}px`, top: `${y}px` }}
            >
              <strong>{nameOf(table)}</strong>
              {columns.map(({ name, type, isKey }) => (
                <span key={name} class="relation-column">
                  <span class={isKey ? "relation-key" : ""}>{name}</span>
                  <span class="muted">{type}</span>
                </span>
              ))}
              {more > 0 && <span class="relation-column muted">and {more} more</span>}
            </a>
          ))}
        </div>
      </div>
      <ul class="schema-list">
        {keys.slice(0, listed).map(({ table, key }) => (
          <li key={`${nameOf(table)}${key.name}`}>
            <a href={hrefOf(table)}>{nameOf(table)}</a> <code>({key.columns.join(", ")})</code> →{" "}
            {nameOf(key.target)} <code>({key.target_columns.join(", ")})</code>
            <span class="muted"> · on delete {key.on_delete}</span>
          </li>
        ))}
      </ul>
      {keys.length > listed && (
        <p>
          <Button small onClick={() => setListed(listed + 4 * step)}>
            Show more
          </Button>{" "}
          <span class="muted">
            {count(listed)} of {count(keys.length)}
          </span>
        </p>
      )}
    </>
  );
}
