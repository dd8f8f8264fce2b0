/** In charge of how a schema differs from that of another database or branch. */
import type { DatabaseInfo, SchemaDiff } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { ask } from "../app/api.ts";
import { databasePath } from "../app/database-frame.tsx";
import { plural } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { searchParams, setSearch } from "../app/router.ts";
import { Button } from "../ui/button.tsx";
import { Card } from "../ui/card.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { CopyButton } from "../ui/text.tsx";

export function Compare({ database }: { database: DatabaseInfo }) {
  const base = searchParams.value.get("base") ?? database.parent_id ?? "";
  const [search, setText] = useState("");
  const others = useResource<DatabaseInfo[]>(
    `/databases?${new URLSearchParams({ limit: "100", offset: "0", search })}`,
  );
  const diff = useResource<SchemaDiff>(
    base === "" ? null : `${databasePath(database.id)}/schema-diff?${new URLSearchParams({ base })}`,
  );
  const choices = (others.state.value.value ?? []).filter(({ id }) => id !== database.id);
  return (
    <>
      <div class="schema-choice">
        <label for="compare-with">Compare with</label>
        <select
          id="compare-with"
          class="input select"
          value={base}
          onChange={(event) => setSearch({ base: event.currentTarget.value }, { replace: false })}
        >
          <option value="">Choose a database…</option>
          {base !== "" && !choices.some(({ id }) => id === base) && <option value={base}>{base}</option>}
          {choices.map(({ id, name }) => (
            <option key={id} value={id}>
              {name} · {id}
              {id === database.parent_id ? " (its parent)" : ""}
            </option>
          ))}
        </select>
        <input
          class="input"
          type="search"
          aria-label="Search databases"
          placeholder="Search databases"
          value={search}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <AllSql path={databasePath(database.id)} />
      </div>
      {base === "" ? (
        <Empty icon="file-diff" title="With which database?">
          <p>Branches are compared with their parent; any two databases can be.</p>
        </Empty>
      ) : (
        <Shown of={diff}>
          {(value) =>
            value.different ? (
              <Card
                title={`What makes ${value.base.name} into ${value.database.name}`}
                about={plural(value.changes.length, "difference")}
                actions={<CopyButton text={value.lines.join("\n")} label="Copy the differences" />}
              >
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
                <pre class="cell-value diff" tabIndex={0}>
                  {value.lines.map((line, at) => (
                    <span key={at} class={lineClass(line)}>
                      {line}
                      {"\n"}
                    </span>
                  ))}
                </pre>
              </Card>
            ) : (
              <Empty icon="circle-check" title="Their schemas are the same." />
            )
          }
        </Shown>
      )}
    </>
  );
}

function lineClass(line: string): string {
  const sign = line.trimStart()[0];
  return sign === "+" ? "diff-new" : sign === "-" ? "diff-gone" : sign === "~" ? "diff-changed" : "";
}

function AllSql({ path }: { path: string }) {
  const [busy, setBusy] = useState(false);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    setBusy(true);
    const { ddl } = await ask<{ ddl: string }>(`${path}/catalog/ddl`).finally(() => setBusy(false));
    await navigator.clipboard?.writeText(ddl);
    setCopied(true);
  };
  return (
    <Button icon={copied ? "check" : "copy"} busy={busy} onClick={() => void copy()}>
      {copied ? "Copied" : "Copy the whole schema as SQL"}
    </Button>
  );
}
