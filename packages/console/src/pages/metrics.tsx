/** In charge of the page of figures over time: how fast it answers, how much it is asked, who is connected, how it grows. */
import type { DatabaseMetrics, MetricPoint } from "@postern/sdk/protocol";
import { useSignal } from "@preact/signals";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { bytes, figure, milliseconds, moment } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { searchParams, setSearch } from "../app/router.ts";
import { LineChart } from "../charts/line-chart.tsx";
import { Button } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { Segments } from "../ui/segments.tsx";
import { Notice, Shown } from "../ui/states.tsx";

const spans = [
  ["60", "1 h"],
  ["360", "6 h"],
  ["1440", "24 h"],
  ["10080", "7 d"],
  ["43200", "30 d"],
] as const;

export default function MetricsPage() {
  const { id } = useDatabase();
  const params = searchParams.value;
  const minutes = spans.find(([value]) => value === params.get("minutes"))?.[0] ?? "60";
  const zoom = readZoom(params);
  const question = zoom
    ? `from=${encodeURIComponent(zoom.from)}&to=${encodeURIComponent(zoom.to)}`
    : `since_minutes=${minutes}`;
  const metrics = useResource<DatabaseMetrics>(`${databasePath(id)}/metrics?${question}`, {
    ...(!zoom && { everyMs: 15_000 }),
  });
  return (
    <div class="page">
      <PageHead
        title="Metrics"
        about={
          zoom
            ? `From ${moment(zoom.from)} to ${moment(zoom.to)}.`
            : "Measured once a minute. Drag over a chart to look closer."
        }
        actions={
          <>
            {zoom && (
              <Button
                icon="rotate-ccw"
                onClick={() => setSearch({ from: null, to: null }, { replace: false })}
              >
                Back to now
              </Button>
            )}
            <Segments
              label="How far back"
              value={zoom ? "" : minutes}
              options={spans}
              onChange={(value) =>
                setSearch(
                  { minutes: value === "60" ? null : value, from: null, to: null },
                  { replace: false },
                )
              }
            />
          </>
        }
      />
      <Shown of={metrics} lines={8}>
        {(found) => <Charts of={found} />}
      </Shown>
    </div>
  );
}

function readZoom(params: URLSearchParams): { from: string; to: string } | undefined {
  const [from, to] = [params.get("from"), params.get("to")];
  const isMoment = (text: string | null): text is string => text !== null && !Number.isNaN(Date.parse(text));
  return isMoment(from) && isMoment(to) && Date.parse(from) < Date.parse(to) ? { from, to } : undefined;
}

type Key = Exclude<keyof MetricPoint, "at">;

interface ChartSpec {
  title: string;
  about: string;
  series: readonly (readonly [name: string, read: (point: MetricPoint, seconds: number) => number | null])[];
  format: (value: number) => string;
  bytes?: boolean;
  atLeast?: number;
}

const of = (key: Key) => (point: MetricPoint) => point[key];
const perSecond = (key: Key) => (point: MetricPoint, seconds: number) =>
  point[key] === null ? null : point[key] / seconds;
const perMinute = (key: Key) => (point: MetricPoint, seconds: number) =>
  point[key] === null ? null : (point[key] / seconds) * 60;
const share = (value: number): string => `${(value * 100).toFixed(value < 1 && value > 0.9 ? 1 : 0)} %`;

const specs: readonly ChartSpec[] = [
  {
    title: "Latency",
    about: "Of statements on average, as the server took them.",
    series: [["mean", of("mean_ms")]],
    format: milliseconds,
  },
  {
    title: "Throughput",
    about: "Statements a second, by every way in.",
    series: [["statements/s", perSecond("calls")]],
    format: figure,
    atLeast: 1,
  },
  {
    title: "Longest",
    about: "The statement that took longest.",
    series: [["longest", of("max_ms")]],
    format: milliseconds,
  },
  {
    title: "Slow and failed",
    about: "Statements a minute that took longer than the limit, and those over HTTP that failed.",
    series: [
      ["slow/min", perMinute("slow")],
      ["failed/min", perMinute("errors")],
    ],
    format: figure,
    atLeast: 1,
  },
  {
    title: "Connections",
    about: "Sessions that the server has of this database.",
    series: [
      ["open", of("sessions")],
      ["active", of("active")],
      ["holding a transaction", of("idle_in_transaction")],
    ],
    format: figure,
    atLeast: 4,
  },
  {
    title: "Waiting",
    about: "Sessions that wait for a lock, clients that wait for the pooler.",
    series: [
      ["for a lock", of("waiting")],
      ["for the pool", of("pool_waiting")],
    ],
    format: figure,
    atLeast: 2,
  },
  {
    title: "Time lost in the pool",
    about:
      "How long a statement waits for a connection: over HTTP on average, through the pooler all of a minute.",
    series: [
      ["HTTP, each", of("http_wait_ms")],
      ["pooler, a minute", perMinute("pool_wait_ms")],
    ],
    format: milliseconds,
    atLeast: 1,
  },
  {
    title: "Transactions",
    about: "A second.",
    series: [
      ["committed", perSecond("commits")],
      ["rolled back", perSecond("rollbacks")],
    ],
    format: figure,
    atLeast: 1,
  },
  {
    title: "Memory hits",
    about: "Share of blocks that Postgres had in memory already.",
    series: [["hits", of("cache_hit")]],
    format: share,
    atLeast: 1,
  },
  {
    title: "Disk",
    about: "Size of the database.",
    series: [["size", of("size_bytes")]],
    format: bytes,
    bytes: true,
  },
  {
    title: "Log (WAL)",
    about: "Written a minute.",
    series: [
      ["WAL/min", perMinute("wal_bytes")],
      ["temporary files/min", perMinute("temp_bytes")],
    ],
    format: bytes,
    bytes: true,
    atLeast: 1_024,
  },
];

function Charts({ of: { points, step_seconds: seconds, shared_server: isShared } }: { of: DatabaseMetrics }) {
  const pointed = useSignal<number | null>(null);
  const times = points.map(({ at }) => Date.parse(at));
  const zoom = (from: number, to: number) =>
    setSearch({ from: new Date(from).toISOString(), to: new Date(to).toISOString() }, { replace: false });
  const isMeasured = points.some(({ sessions, calls }) => sessions !== null || calls !== null);
  return (
    <>
      {!isMeasured && (
        <Notice>
          <p>
            Nothing was measured in this time. Postern looks once a minute, and does not wake what sleeps to
            look at it.
          </p>
        </Notice>
      )}
      <div class="charts">
        {specs.map(({ title, about, series, ...rest }) => (
          <Card
            key={title}
            title={title}
            about={title === "Log (WAL)" && isShared ? `${about} By all databases of its server.` : about}
          >
            <LineChart
              label={title}
              times={times}
              stepMs={seconds * 1_000}
              series={series.map(([name, read]) => ({
                name,
                values: points.map((point) => read(point, seconds)),
              }))}
              pointed={pointed}
              onZoom={zoom}
              {...rest}
            />
          </Card>
        ))}
      </div>
    </>
  );
}
