/** In charge of the page of who changed what: everybody's for administrators, one's own for others; filtered and paged by the server. */
import type { AuditEntry } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { moment, sentence } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { href, searchParams, setSearch } from "../app/router.ts";
import { visibleText } from "../data/visible-text.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { LeafOlder } from "../ui/pager.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable, Time } from "../ui/text.tsx";

const perPage = 100;

const tones: Record<AuditEntry["outcome"], Tone> = { done: "good", refused: "warn", failed: "bad" };
const hours: Record<string, string> = { "1": "the last hour", "24": "the last day", "168": "the last week" };

const columns: readonly Column<AuditEntry>[] = [
  {
    name: "Done",
    render: ({ action, request_id: request }) => (
      <div class="stack">
        <span class="strong" title={action}>
          {sentence(action)}
        </span>
        <div class="from-desktop">
          <span class="muted small mono clip" title="Its request">
            {visibleText(request)}
          </span>
        </div>
      </div>
    ),
  },
  { name: "By", render: (entry) => <Actor of={entry} /> },
  { name: "To", grow: true, render: ({ target }) => <Target name={target} /> },
  {
    name: "Outcome",
    render: ({ outcome, code }) => (
      <Badge tone={tones[outcome]} dot>
        {code === null || outcome === "done" ? outcome : `${outcome} ${code}`}
      </Badge>
    ),
  },
  {
    name: "When",
    from: "tablet",
    render: ({ at }) => (
      <span title={moment(at, true)}>
        <Time at={at} />
      </span>
    ),
  },
];

function Actor({ of: { actor } }: { of: AuditEntry }) {
  const name = actor.name ?? actor.id ?? "nobody";
  return (
    <div class="stack">
      <span class="clip">{visibleText(name)}</span>
      {actor.kind === "database" && <span class="muted small">a database's token</span>}
      {actor.key_id !== null && (
        <div class="from-desktop">
          <span class="muted small mono clip">{actor.key_id}</span>
        </div>
      )}
    </div>
  );
}

const mostTarget = 200;

function Target({ name }: { name: string | null }) {
  if (name === null || name === "") return <span class="muted">–</span>;
  const database = /^db-[0-9a-f]{12}$/.exec(name.split("/")[0]!)?.[0];
  const shown = name.length > mostTarget ? `${name.slice(0, mostTarget)}…` : name;
  const text = <span class="mono small break">{visibleText(shown)}</span>;
  return database === undefined ? (
    text
  ) : (
    <a class="table-link" href={href(`/db/${database}`)}>
      {text}
    </a>
  );
}

const filters = ["actor", "action", "target", "outcome"] as const;

export default function AuditPage() {
  const params = searchParams.value;
  const question = new URLSearchParams({ limit: String(perPage) });
  for (const name of [...filters, "before"]) {
    const value = params.get(name);
    if (value) question.set(name, value);
  }
  const within = hours[params.get("hours") ?? ""] ? Number(params.get("hours")) : undefined;
  // By the minute, so that it stays the same question while the page is looked at.
  if (within !== undefined)
    question.set("since", new Date(Math.floor(Date.now() / 60_000 - within * 60) * 60_000).toISOString());
  const isFirst = !params.get("before");
  const entries = useResource<AuditEntry[]>(`/audit?${question}`, isFirst ? { everyMs: 15_000 } : {});
  const isFiltered = filters.some((name) => params.get(name)) || within !== undefined;
  return (
    <div class="page">
      <PageHead
        title="Audit"
        about="Who changed what, or tried to: requests that were to change something, newest first."
      />
      <AuditFilters key={[...filters.map((name) => params.get(name)), params.get("hours")].join(" ")} />
      <Card flush>
        <Shown of={entries} lines={8}>
          {(rows) => (
            <Table
              label="Audit"
              columns={columns}
              rows={rows}
              keyOf={({ id }) => id}
              empty={<Nothing isFirst={isFirst} isFiltered={isFiltered} />}
            />
          )}
        </Shown>
      </Card>
      <LeafOlder
        before={params.get("before")}
        last={
          entries.state.value.value?.length === perPage ? entries.state.value.value.at(-1)!.id : undefined
        }
      />
    </div>
  );
}

function Nothing({ isFirst, isFiltered }: { isFirst: boolean; isFiltered: boolean }) {
  if (!isFirst) return <Empty icon="history" title="There are no older ones." />;
  if (!isFiltered)
    return (
      <Empty icon="shield-check" title="Nothing was changed yet.">
        <Copyable text="postern audit list" />
      </Empty>
    );
  return (
    <Empty icon="search" title="Nothing like that was done.">
      <Button onClick={clear}>Clear the filters</Button>
    </Empty>
  );
}

const clear = () =>
  setSearch({ actor: null, action: null, target: null, outcome: null, hours: null, before: null });

function AuditFilters() {
  const params = searchParams.value;
  const [actor, setActor] = useState(params.get("actor") ?? "");
  const [action, setAction] = useState(params.get("action") ?? "");
  const [target, setTarget] = useState(params.get("target") ?? "");
  const choose = (changes: Record<string, string | null>) =>
    setSearch({ ...changes, before: null }, { replace: false });
  return (
    <form
      class="filters filters-many"
      onSubmit={(event) => {
        event.preventDefault();
        const [who, what, which] = [actor.trim(), action.trim(), target.trim()];
        choose({ actor: who || null, action: what || null, target: which || null });
      }}
    >
      <TextField
        label="Who"
        value={actor}
        onInput={setActor}
        placeholder="username or id"
        autoComplete="off"
      />
      <TextField
        label="What"
        value={action}
        onInput={setAction}
        placeholder="createDatabase"
        autoComplete="off"
        mono
      />
      <TextField
        label="To which"
        value={target}
        onInput={setTarget}
        placeholder="a database, a project"
        autoComplete="off"
        mono
      />
      <SelectField
        label="Outcome"
        value={params.get("outcome") ?? ""}
        onChange={(outcome) => choose({ outcome: outcome || null })}
        options={[
          ["", "any"],
          ["done", "done"],
          ["refused", "refused"],
          ["failed", "failed"],
        ]}
      />
      <SelectField
        label="When"
        value={params.get("hours") ?? ""}
        onChange={(within) => choose({ hours: within || null })}
        options={[["", "at any time"], ...Object.entries(hours)]}
      />
      <Button type="submit" kind="primary" icon="search">
        Look
      </Button>
    </form>
  );
}
