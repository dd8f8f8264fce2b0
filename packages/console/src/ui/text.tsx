/** In charge of small pieces of text that come up everywhere: times, values to copy, secrets, shares. */
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { ago, duration, moment } from "../app/format.ts";
import { Button } from "./button.tsx";

const minute = signal(0);
window.setInterval(() => {
  minute.value += 1;
}, 15_000);

/** How long ago, and when exactly to whoever points at it. */
export function Time({ at, fallback = "–" }: { at: string | null | undefined; fallback?: string }) {
  // Read, so that it is drawn again as time passes.
  void minute.value;
  if (!at) return <span class="muted">{fallback}</span>;
  return (
    <time dateTime={at} title={moment(at, true)}>
      {ago(at)}
    </time>
  );
}

const second = signal(0);
let timer: number | undefined;
let users = 0;

/** How long something lasts already, as it goes on. */
export function Since({ at }: { at: string | null | undefined }) {
  useEffect(() => {
    users += 1;
    timer ??= window.setInterval(() => {
      second.value += 1;
    }, 1_000);
    return () => {
      users -= 1;
      if (users > 0) return;
      window.clearInterval(timer);
      timer = undefined;
    };
  }, []);
  void second.value;
  if (!at) return <span class="muted">–</span>;
  return (
    <time dateTime={at} title={`since ${moment(at, true)}`} class="nowrap">
      {duration(Math.max(0, Date.now() - Date.parse(at)))}
    </time>
  );
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      kind="quiet"
      small
      icon={copied ? "check" : "copy"}
      label={copied ? "Copied" : label}
      onClick={() => {
        void navigator.clipboard?.writeText(text).then(() => {
          setCopied(true);
          window.setTimeout(() => setCopied(false), 1_500);
        });
      }}
    />
  );
}

/** A command or an address that is there to be taken along. */
export function Copyable({ text, shown }: { text: string; shown?: string }) {
  return (
    <span class="copyable">
      <code class="copyable-text">{shown ?? text}</code>
      <CopyButton text={text} />
    </span>
  );
}

export interface MeterProps {
  value: number;
  total: number;
  label: string;
  /** Share from which it is worrying. */
  warnAt?: number;
}

export function Meter({ value, total, label, warnAt = 0.85 }: MeterProps) {
  const share = total > 0 ? Math.min(1, value / total) : 0;
  return (
    <div class={`meter ${share >= warnAt ? "meter-warn" : ""}`}>
      <meter class="hidden-text" aria-label={label} min={0} max={total || 1} value={Math.min(value, total)} />
      <span class="meter-fill" style={{ width: `${share * 100}%` }} />
    </div>
  );
}
