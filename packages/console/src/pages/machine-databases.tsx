/** In charge of all databases at this moment: what each is asked, who is connected, who waits. */
import type { LiveDatabase, LiveView } from "@postern/sdk/protocol";
import { useEffect, useState } from "preact/hooks";
import { count, milliseconds } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { href } from "../app/router.ts";
import { StatusBadge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { TextField } from "../ui/field.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** So many are found by searching, and asked for less often. */
const few = 20;
const many = 500;
/** What is below the list is not to be far away. */
const mostAtFirst = 25;

export function MachineDatabases() {
  const [search, setSearch] = useState("");
  const [everyMs, setEveryMs] = useState(5_000);
  const live = useResource<LiveView>("/live", { everyMs });
  const total = live.state.value.value?.databases.length ?? 0;
  useEffect(() => setEveryMs(total > many ? 20_000 : 5_000), [total > many]);
  const wanted = search.trim().toLowerCase();
  return (
    <Card title="Databases" about="What they do at this moment; the busiest first." flush>
      {total > few && (
        <div class="card-search">
          <TextField
            label="Search databases"
            hideLabel
            type="search"
            value={search}
            onInput={setSearch}
            placeholder={`Search ${count(total)} databases   /`}
          />
        </div>
      )}
      <Shown of={live} lines={4}>
        {({ databases }) => (
          <Table
            label="Databases at work"
            columns={columns}
            rows={databases.filter(({ name }) => name.toLowerCase().includes(wanted)).sort(byWork)}
            keyOf={({ id }) => id}
            first={mostAtFirst}
            empty={
              wanted === "" ? (
                <Empty icon="database" title="There are no databases yet." />
              ) : (
                <Empty icon="search" title="No database is called that." />
              )
            }
          />
        )}
      </Shown>
    </Card>
  );
}

const workOf = ({ waiting, active, statements_per_s: rate, sessions }: LiveDatabase): number[] => [
  waiting,
  rate,
  active,
  sessions,
];

function byWork(a: LiveDatabase, b: LiveDatabase): number {
  const [one, other] = [workOf(a), workOf(b)];
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? (a.name < b.name ? -1 : 1) : other[at]! - one[at]!;
}

const columns: readonly Column<LiveDatabase>[] = [
  {
    name: "Database",
    grow: true,
    render: ({ id, name }) => (
      <a class="table-link" href={href(`/db/${id}/live`)}>
        {name}
      </a>
    ),
  },
  { name: "State", render: ({ status }) => <StatusBadge status={status} /> },
  {
    name: "Statements/s",
    align: "end",
    render: ({ statements_per_s: rate }) => (rate === 0 ? "0" : rate.toFixed(rate < 10 ? 1 : 0)),
  },
  { name: "Mean", align: "end", from: "tablet", render: ({ mean_ms: mean }) => milliseconds(mean) },
  { name: "Sessions", align: "end", from: "tablet", render: ({ sessions }) => count(sessions) },
  {
    name: "Waiting",
    align: "end",
    from: "desktop",
    render: ({ waiting }) => <span class={waiting > 0 ? "bad-text" : ""}>{count(waiting)}</span>,
  },
];
