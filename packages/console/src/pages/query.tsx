/** In charge of the page of one statement: how it went over time, how Postgres goes about it, and what would help. */
import type { DatabaseAdvice, StatementDetails, StatementMinute } from "@postern/sdk/protocol";
import { useSignal } from "@preact/signals";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { count, milliseconds } from "../app/format.ts";
import type { PageProps } from "../app/pages.ts";
import { useResource } from "../app/resource.ts";
import { href, setSearch } from "../app/router.ts";
import { LineChart } from "../charts/line-chart.tsx";
import { Advice } from "../insight/advice-card.tsx";
import { StatementText } from "../insight/statement-text.tsx";
import { chosenMinutes, querySpans } from "../insight/statements-card.tsx";
import { readPlan } from "../sql/explain-plan.ts";
import { PlanTree } from "../sql/plan-tree.tsx";
import { Badge } from "../ui/badge.tsx";
import { LinkButton } from "../ui/button.tsx";
import { Card, Fact, Facts, PageHead } from "../ui/card.tsx";
import { Segments } from "../ui/segments.tsx";
import { Notice, Shown } from "../ui/states.tsx";
import { Time } from "../ui/text.tsx";
import "../styles/sql.css";

export default function QueryPage({ params }: PageProps) {
  const { id } = useDatabase();
  const path = databasePath(id);
  const minutes = chosenMinutes();
  const statement = useResource<StatementDetails>(
    `${path}/statements/${encodeURIComponent(params.statement!)}?since_minutes=${minutes}`,
    { everyMs: 15_000 },
  );
  const advice = useResource<DatabaseAdvice>(`${path}/advice`);
  return (
    <div class="page">
      <PageHead
        title="Query"
        about={
          <>
            Statement <span class="mono">{params.statement}</span>
          </>
        }
        actions={
          <>
            <LinkButton icon="chevron-left" href={href(`/db/${id}/queries`)}>
              All queries
            </LinkButton>
            <Segments
              label="How far back"
              value={minutes}
              options={querySpans}
              onChange={(value) => setSearch({ minutes: value === "60" ? null : value }, { replace: false })}
            />
          </>
        }
      />
      <Shown of={statement} lines={8}>
        {(found) => (
          <>
            <Figures of={found} />
            {advice.state.value.value?.indexes
              .filter(({ statements }) => statements.includes(found.statement))
              .map((one) => (
                <Advice key={one.run} of={one} onDone={() => void advice.refresh()} />
              ))}
            <OverTime minutes={found.minutes} span={Number(minutes)} />
            <Plan plan={found.plan} />
          </>
        )}
      </Shown>
    </div>
  );
}

const Figures = ({ of: one }: { of: StatementDetails }) => (
  <Card>
    <StatementText text={one.statement} />
    <Facts>
      <Fact name="Calls">{count(one.calls)}</Fact>
      <Fact name="Mean">{milliseconds(one.mean_ms)}</Fact>
      <Fact name="Longest">{milliseconds(one.max_ms)}</Fact>
      <Fact name="Time in all">{milliseconds(one.total_ms)}</Fact>
      <Fact name="Rows of each">{one.calls > 0 ? count(Math.round(one.rows / one.calls)) : "–"}</Fact>
      <Fact name="Slow runs">{one.slow > 0 ? <Badge tone="warn">{count(one.slow)}</Badge> : "none"}</Fact>
      <Fact name="Failed over HTTP">{one.errors > 0 ? count(one.errors) : "none"}</Fact>
      <Fact name="Last seen">
        <Time at={one.last_at} />
      </Fact>
    </Facts>
  </Card>
);

function OverTime({ minutes, span }: { minutes: readonly StatementMinute[]; span: number }) {
  const pointed = useSignal<number | null>(null);
  const { times, stepMs, calls, mean } = inSteps(minutes, span);
  const shared = {
    times,
    stepMs,
    pointed,
    // There is no closer look than this list has.
    onZoom: () => {},
  };
  return (
    <div class="charts">
      <Card title="How often">
        <LineChart
          label="How often"
          series={[{ name: "calls/min", values: calls }]}
          format={(value) => count(Math.round(value * 10) / 10)}
          atLeast={1}
          {...shared}
        />
      </Card>
      <Card title="How long">
        <LineChart
          label="How long"
          series={[{ name: "mean", values: mean }]}
          format={milliseconds}
          {...shared}
        />
      </Card>
    </div>
  );
}

const mostSteps = 120;

/** Minute by minute, or in longer steps of a longer span. */
function inSteps(minutes: readonly StatementMinute[], span: number) {
  const stepMs = Math.max(1, Math.ceil(span / mostSteps)) * 60_000;
  const end = Math.floor(Date.now() / stepMs) * stepMs;
  const length = Math.min(mostSteps, Math.ceil((span * 60_000) / stepMs)) + 1;
  const start = end - (length - 1) * stepMs;
  const calls = Array<number>(length).fill(0);
  const total = Array<number>(length).fill(0);
  const best = new Map<string, StatementMinute>();
  // The server's count knows every way in; runs of the minute that goes on are in the other only.
  for (const one of minutes) {
    const known = best.get(one.minute);
    if (!known || known.calls < one.calls) best.set(one.minute, one);
  }
  for (const one of best.values()) {
    const at = Math.floor((Date.parse(one.minute) - start) / stepMs);
    if (at < 0 || at >= length) continue;
    calls[at]! += one.calls;
    total[at]! += one.total_ms;
  }
  return {
    stepMs,
    times: calls.map((_, at) => start + at * stepMs),
    calls: calls.map((value) => (value / stepMs) * 60_000),
    mean: calls.map((value, at) => (value > 0 ? total[at]! / value : null)),
  };
}

function Plan({ plan }: { plan: unknown }) {
  if (plan === null || plan === undefined) {
    return (
      <Notice>
        <p>
          No plan was noted. That is done for statements which were slow, for any values instead of those that
          were given.
        </p>
      </Notice>
    );
  }
  return (
    <Card title="Plan" about="As Postgres goes about it, whatever the values are.">
      <PlanTree report={readPlan(JSON.stringify([plan]))} />
    </Card>
  );
}
