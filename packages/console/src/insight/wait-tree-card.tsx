/** In charge of drawing who waits for whom: whoever is to be ended so that all others go on stands on top. */

import type { LiveSession } from "@postern/sdk/protocol";
import { plural } from "../app/format.ts";
import { visibleText } from "../data/visible-text.ts";
import { Badge } from "../ui/badge.tsx";
import { Card } from "../ui/card.tsx";
import { Since } from "../ui/text.tsx";
import { SessionActions } from "./session-actions.tsx";
import { oneLine } from "./statement-text.tsx";
import { growWaitTree, type WaitStep } from "./wait-tree.ts";

export function WaitTree({ sessions }: { sessions: readonly LiveSession[] }) {
  const steps = growWaitTree(sessions);
  if (steps.length === 0) return null;
  const waiting = new Set(steps.filter(({ depth }) => depth > 0).map(({ pid }) => pid)).size;
  return (
    <Card
      title="Who waits for whom"
      about={`${plural(waiting, "session waits", "sessions wait")} for a lock. Whoever is at the left holds it.`}
      flush
    >
      <ul class="wait-tree" aria-label="Who waits for whom">
        {steps.map((step, at) => (
          <Step key={`${at} ${step.pid}`} step={step} />
        ))}
      </ul>
    </Card>
  );
}

function Step({ step: { session, pid, depth, isCircle } }: { step: WaitStep }) {
  return (
    <li class="wait-step" style={{ "--depth": depth }}>
      <div class="wait-step-text">
        <p class="wait-step-head">
          <strong class="mono">{pid}</strong>
          <Badge tone={depth === 0 ? "warn" : "bad"}>
            {depth === 0 ? `holds · ${session?.state ?? "of Postgres itself"}` : "waits"}
          </Badge>
          {isCircle && <Badge tone="bad">in a circle</Badge>}
          {session && (
            <span class="muted small">
              {visibleText(session.application || session.user)}, for{" "}
              <Since at={depth === 0 ? session.transaction_since : (session.lock?.since ?? session.since)} />
              {session.lock && depth > 0 && ` · ${session.lock.mode} on ${session.lock.object}`}
            </span>
          )}
        </p>
        {session?.statement && <code class="clamp">{oneLine(session.statement)}</code>}
      </div>
      {session && !isCircle && <SessionActions session={session} />}
    </li>
  );
}
