/** In charge of short states: a word with a dot, whose colour never is the only thing that tells. */
import type { ComponentChildren } from "preact";

export type Tone = "good" | "bad" | "warn" | "busy" | "quiet" | "info";

export function Badge({
  tone = "quiet",
  dot,
  children,
}: {
  tone?: Tone;
  dot?: boolean;
  children: ComponentChildren;
}) {
  return (
    <span class={`badge badge-${tone}`}>
      {dot && <span class="badge-dot" />}
      {children}
    </span>
  );
}

const statusTones: Record<string, Tone> = {
  ready: "good",
  healthy: "good",
  running: "busy",
  completed: "good",
  verified: "good",
  applied: "good",
  on: "good",
  paused: "quiet",
  stopped: "quiet",
  canceled: "quiet",
  failed: "bad",
  degraded: "bad",
  unreachable: "bad",
  read_only: "bad",
  draining: "warn",
  skipped: "warn",
  pending: "busy",
  creating: "busy",
  starting: "busy",
  restoring: "busy",
  scaling: "busy",
  upgrading: "busy",
  destroying: "warn",
};

export const toneOf = (status: string): Tone => statusTones[status] ?? "quiet";

export const StatusBadge = ({ status }: { status: string }) => (
  <Badge tone={toneOf(status)} dot>
    {status.replaceAll("_", " ")}
  </Badge>
);
