/** In charge of the page of this moment: who is connected and what each does, who waits for whom, and ending what is in the way. */
import type { LiveSession, LiveSessions } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { useEvents } from "../app/events.ts";
import { plural } from "../app/format.ts";
import { searchParams, setSearch } from "../app/router.ts";
import { visibleText } from "../data/visible-text.ts";
import { SessionActions } from "../insight/session-actions.tsx";
import { oneLine } from "../insight/statement-text.tsx";
import { WaitTree } from "../insight/wait-tree-card.tsx";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Card, Fact, Facts, PageHead } from "../ui/card.tsx";
import { Segments } from "../ui/segments.tsx";
import { Empty, Problem, Skeleton } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Since } from "../ui/text.tsx";

const mostShown = 200;

export default function LivePage() {
  const { id } = useDatabase();
  const state = useEvents<LiveSessions>(`${databasePath(id)}/sessions/events`);
  const { value, problem } = state.value;
  return (
    <div class="page">
      <PageHead
        title="Live"
        about="Who is connected at this moment, what each does, and who waits for whom."
        actions={
          value &&
          !problem && (
            <Badge tone="good" dot>
              live
            </Badge>
          )
        }
      />
      {problem && problem.code !== "offline" && <Problem problem={problem} />}
      {value ? <Sessions of={value} /> : !problem && <Skeleton lines={6} />}
    </div>
  );
}

function Sessions({ of: { awake, sessions } }: { of: LiveSessions }) {
  const busy = sessions.filter(isBusy);
  const shown = searchParams.value.get("show") === "all" ? sessions : busy;
  if (!awake)
    return (
      <Empty icon="moon" title="It sleeps.">
        <p>Nobody is connected, and nothing runs. The next query wakes it.</p>
      </Empty>
    );
  return (
    <>
      <Counts sessions={sessions} />
      <WaitTree sessions={sessions} />
      <Card
        title="Sessions"
        flush
        actions={
          <Segments
            label="Which sessions"
            value={shown === busy ? "busy" : "all"}
            options={[
              ["busy", `Busy ${busy.length}`],
              ["all", `All ${sessions.length}`],
            ]}
            onChange={(show) => setSearch({ show: show === "all" ? "all" : null }, { replace: false })}
          />
        }
      >
        <Table
          label="Sessions"
          columns={columns}
          rows={shown.toSorted(bySince).slice(0, mostShown)}
          keyOf={({ pid, connected_at }) => `${pid} ${connected_at}`}
          empty={
            <Empty icon="activity" title={sessions.length === 0 ? "Nobody is connected." : "Nothing runs."}>
              {sessions.length > 0 && <p>{plural(sessions.length, "session")} rest.</p>}
            </Empty>
          }
        />
        {shown.length > mostShown && (
          <p class="table-note muted">
            The {mostShown} that last longest, of {shown.length}.
          </p>
        )}
      </Card>
    </>
  );
}

const isBusy = ({ state }: LiveSession): boolean => state !== null && state !== "idle";
const startOf = ({ transaction_since: transaction, since, connected_at: connected }: LiveSession): string =>
  transaction ?? since ?? connected;
const bySince = (a: LiveSession, b: LiveSession): number =>
  Number(isBusy(b)) - Number(isBusy(a)) || (startOf(a) < startOf(b) ? -1 : 1);

function Counts({ sessions }: { sessions: readonly LiveSession[] }) {
  const { connections } = useDatabase();
  const held = sessions.filter(({ state }) => state?.startsWith("idle in transaction"));
  const waiting = sessions.filter(({ blocked_by: holders }) => holders.length > 0);
  return (
    <Card>
      <Facts>
        <Fact name="Sessions">
          {sessions.length}
          {connections && <span class="muted"> of {connections.limit}</span>}
        </Fact>
        <Fact name="Running a statement">{sessions.filter(({ state }) => state === "active").length}</Fact>
        <Fact name="Waiting for a lock">
          <span class={waiting.length > 0 ? "bad-text" : ""}>{waiting.length}</span>
        </Fact>
        <Fact name="Idle in a transaction">
          <span class={held.length > 0 ? "warn-text" : ""}>{held.length}</span>
        </Fact>
      </Facts>
    </Card>
  );
}

export const stateTone = ({ state, blocked_by: holders }: LiveSession): Tone => {
  if (holders.length > 0) return "bad";
  if (state?.startsWith("idle in transaction")) return "warn";
  return state === "active" ? "busy" : "quiet";
};

const columns: readonly Column<LiveSession>[] = [
  { name: "Process", align: "end", render: ({ pid }) => <span class="mono small">{pid}</span> },
  {
    name: "State",
    render: (session) => (
      <div class="stack">
        <Badge tone={stateTone(session)} dot>
          {session.blocked_by.length > 0 ? "waits" : (session.state ?? "logging in")}
        </Badge>
      </div>
    ),
  },
  {
    name: "Statement",
    grow: true,
    render: ({ statement, state, waits_for: wait }) => (
      <div class="stack">
        <code class="clamp" title={statement ?? undefined}>
          {statement === null ? "–" : oneLine(statement)}
        </code>
        {wait && !wait.startsWith("Client") && <span class="muted small">waits for {wait}</span>}
        {state !== "active" && statement !== null && <span class="muted small">its last</span>}
      </div>
    ),
  },
  {
    name: "Who",
    from: "tablet",
    render: ({ application, user, through }) => (
      <div class="stack">
        <span class="clip">{visibleText(application || user)}</span>
        <span class="muted small">{through}</span>
      </div>
    ),
  },
  { name: "For", align: "end", from: "tablet", render: ({ since }) => <Since at={since} /> },
  {
    name: "Transaction",
    from: "desktop",
    align: "end",
    render: ({ transaction_since: at }) => <Since at={at} />,
  },
  {
    name: "Actions",
    hideName: true,
    align: "end",
    render: (session) => <SessionActions session={session} />,
  },
];
