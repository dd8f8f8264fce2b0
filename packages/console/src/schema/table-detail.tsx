/** In charge of what belongs to one table: policies, indexes, constraints, triggers, and the SQL that makes it. */
import type { CatalogTable, TableDetail } from "@postern/sdk/protocol";
import { bytes, count } from "../app/format.ts";
import { Card } from "../ui/card.tsx";
import { Notice } from "../ui/states.tsx";
import { CopyButton } from "../ui/text.tsx";

export function Detail({ table, detail }: { table: CatalogTable; detail: TableDetail }) {
  return (
    <>
      <Card
        title="Row security"
        about={
          table.row_security
            ? "Clients get the rows that these policies let through."
            : "It is off: rights alone decide, and they count for all rows."
        }
      >
        {table.row_security && detail.policies.length === 0 && (
          <Notice tone="warn">
            <p>There is no policy, so clients get no rows at all.</p>
          </Notice>
        )}
        {detail.policies.length > 0 && (
          <ul class="schema-list">
            {detail.policies.map((policy) => (
              <li key={policy.name}>
                <strong>{policy.name}</strong> <span class="badge">{policy.command}</span>{" "}
                {!policy.permissive && <span class="badge badge-warn">restrictive</span>}{" "}
                <span class="muted">to {policy.roles.join(", ")}</span>
                {policy.using !== null && <code class="schema-code">using {policy.using}</code>}
                {policy.check !== null && <code class="schema-code">with check {policy.check}</code>}
              </li>
            ))}
          </ul>
        )}
      </Card>
      {detail.indexes.length > 0 && (
        <Card title="Indexes">
          <ul class="schema-list">
            {detail.indexes.map((index) => (
              <li key={index.name}>
                <strong class="mono">{index.name}</strong>{" "}
                {index.primary ? (
                  <span class="badge badge-good">key</span>
                ) : (
                  index.unique && <span class="badge">unique</span>
                )}{" "}
                {!index.valid && <span class="badge badge-bad">not valid</span>}{" "}
                <span class="muted small">
                  {bytes(index.size_bytes)} · used {count(index.scans)} times
                </span>
                <code class="schema-code">{index.definition}</code>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {detail.constraints.length + detail.triggers.length > 0 && (
        <Card title="Constraints and triggers">
          <ul class="schema-list">
            {[...detail.constraints, ...detail.triggers].map(({ name, definition }) => (
              <li key={name}>
                <strong class="mono">{name}</strong>
                <code class="schema-code">{definition}</code>
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Card title="SQL" actions={<CopyButton text={detail.ddl} label="Copy the SQL" />}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <pre class="cell-value" tabIndex={0}>
          {detail.ddl}
        </pre>
      </Card>
    </>
  );
}
