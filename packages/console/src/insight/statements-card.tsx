/** In charge of the list of statements: how often each ran, how that went over time, and how much of the time is its. */
import type { StatementInfo, StatementTrends } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { count, milliseconds } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { href, searchParams, setSearch } from "../app/router.ts";
import { Sparkline } from "../charts/sparkline.tsx";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { SelectField, TextField } from "../ui/field.tsx";
import { Segments } from "../ui/segments.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Copyable } from "../ui/text.tsx";
import { oneLine } from "./statement-text.tsx";

export const querySpans = [
  ["60", "1 h"],
  ["360", "6 h"],
  ["1440", "24 h"],
  ["10080", "7 d"],
] as const;

const orders = [
  ["total", "Time in all"],
  ["mean", "Time of each"],
  ["calls", "How often"],
  ["slow", "Slow runs"],
] as const;

export const chosenMinutes = (): string =>
  querySpans.find(([value]) => value === searchParams.value.get("minutes"))?.[0] ?? "60";

interface Row extends StatementInfo {
  calls_over_time: readonly number[] | undefined;
  share: number;
}

export function StatementsCard() {
  const { id } = useDatabase();
  const params = searchParams.value;
  const minutes = chosenMinutes();
  const order = orders.find(([value]) => value === params.get("order"))?.[0] ?? "total";
  const search = params.get("search") ?? "";
  const path = databasePath(id);
  const statements = useResource<StatementInfo[]>(
    `${path}/statements?since_minutes=${minutes}&order=${order}&limit=200`,
    { everyMs: 15_000 },
  );
  const trends = useResource<StatementTrends>(`${path}/statement-trends?since_minutes=${minutes}`, {
    everyMs: 30_000,
  });
  const set = (changes: Record<string, string | null>) => setSearch(changes, { replace: false });
  return (
    <>
      <div class="filters">
        <TextField
          label="Search statements"
          hideLabel
          type="search"
          placeholder="Search statements and tables"
          value={search}
          onInput={(text) => setSearch({ search: text || null })}
        />
        <SelectField
          label="Order by"
          hideLabel
          value={order}
          options={orders}
          onChange={(value) => set({ order: value === "total" ? null : value })}
        />
        <Segments
          label="How far back"
          value={minutes}
          options={querySpans}
          onChange={(value) => set({ minutes: value === "60" ? null : value })}
        />
      </div>
      <Card flush>
        <Shown of={statements} lines={8}>
          {(found) => (
            <Table
              label="Statements"
              columns={columns(id, minutes)}
              rows={filter(withTrends(found, trends.state.value.value), search)}
              keyOf={({ fingerprint }) => fingerprint}
              empty={<Nothing isSearch={found.length > 0} id={id} />}
            />
          )}
        </Shown>
      </Card>
    </>
  );
}

function withTrends(found: readonly StatementInfo[], trends: StatementTrends | undefined): Row[] {
  const whole = found.reduce((sum, { total_ms: ms }) => sum + ms, 0) || 1;
  const byFingerprint = new Map(trends?.trends.map((trend) => [trend.fingerprint, trend.calls]));
  return found.map((row) => ({
    ...row,
    share: row.total_ms / whole,
    calls_over_time: byFingerprint.get(row.fingerprint),
  }));
}

function filter(rows: readonly Row[], search: string): Row[] {
  const wanted = search.trim().toLowerCase();
  const matches = ({ statement, tables, fingerprint }: Row) =>
    [statement, fingerprint, ...tables].some((text) => text.toLowerCase().includes(wanted));
  return wanted === "" ? [...rows] : rows.filter(matches);
}

const Nothing = ({ isSearch, id }: { isSearch: boolean; id: string }) =>
  isSearch ? (
    <Empty icon="search" title="No statement is like that.">
      <p>Search for a table, or for a word of the statement.</p>
    </Empty>
  ) : (
    <Empty icon="timer" title="Nothing was asked in this time.">
      <p>Every way in counts: SQL over HTTP, the pooler, a direct connection. Ask something:</p>
      <Copyable text={`postern db exec -d ${id} 'select 1'`} />
    </Empty>
  );

const columns = (id: string, minutes: string): readonly Column<Row>[] => [
  {
    name: "Statement",
    grow: true,
    render: ({ fingerprint, statement, slow, errors }) => (
      <div class="stack">
        <a
          class="statement-link"
          href={href(`/db/${id}/queries/${fingerprint}${minutes === "60" ? "" : `?minutes=${minutes}`}`)}
        >
          <code class="clamp">{oneLine(statement)}</code>
        </a>
        {(slow > 0 || errors > 0) && (
          <span class="badges">
            {slow > 0 && <Badge tone="warn">{count(slow)} slow</Badge>}
            {errors > 0 && <Badge tone="bad">{count(errors)} failed</Badge>}
          </span>
        )}
      </div>
    ),
  },
  {
    name: "Over time",
    from: "desktop",
    render: ({ calls_over_time: values, calls }) =>
      values ? <Sparkline values={values} label={`How often over time, ${count(calls)} in all`} /> : null,
  },
  { name: "Calls", align: "end", from: "tablet", render: ({ calls }) => count(calls) },
  {
    name: "Mean",
    align: "end",
    render: ({ mean_ms }) => <span class="nowrap">{milliseconds(mean_ms)}</span>,
  },
  {
    name: "Longest",
    align: "end",
    from: "wide",
    render: ({ max_ms }) => <span class="nowrap">{milliseconds(max_ms)}</span>,
  },
  { name: "Rows", align: "end", from: "wide", render: ({ rows }) => count(rows) },
  {
    name: "Time in all",
    align: "end",
    from: "tablet",
    render: ({ total_ms: total, share }) => (
      <div class="share">
        <span class="nowrap">
          {milliseconds(total)}
          {share >= 0.005 && <span class="muted"> {Math.round(share * 100)} %</span>}
        </span>
        <span class="plan-bar" aria-hidden="true">
          <span style={{ width: `${Math.max(1, Math.round(share * 100))}%` }} />
        </span>
      </div>
    ),
  },
];
