/** In charge of what is shown instead of content: loading, nothing there, an error with its code and what to do. */
import type { ErrorBody } from "@postern/sdk/protocol";
import type { ComponentChildren } from "preact";
import type { Resource } from "../app/resource.ts";
import { Button } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

/** Shown after 150 ms only: what comes at once must not flicker. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="hidden-text">Loading…</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton-line" style={{ width: `${92 - ((line * 23) % 45)}%` }} />
      ))}
    </div>
  );
}

export interface EmptyProps {
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
  /** It is all that the page has: its title is the page's. */
  isPage?: boolean;
}

export function Empty({ icon = "info", title, children, isPage }: EmptyProps) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={22} />
      </span>
      {isPage ? <h1 class="empty-title">{title}</h1> : <p class="empty-title">{title}</p>}
      {children && <div class="empty-more">{children}</div>}
    </div>
  );
}

export function Problem({ problem, onRetry }: { problem: ErrorBody; onRetry?: (() => void) | undefined }) {
  return (
    <div class="notice notice-bad" role="alert">
      <Icon name="circle-alert" />
      <div class="notice-text">
        <p>
          <strong>{problem.message}</strong> <code class="code-tag">{problem.code}</code>
        </p>
        {problem.detail && <p class="muted break">{problem.detail}</p>}
        {problem.hint && <p class="break">{problem.hint}</p>}
        {problem.request_id && <p class="small muted mono">{problem.request_id}</p>}
      </div>
      {onRetry && (
        <Button small icon="refresh-cw" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export interface NoticeProps {
  tone?: "info" | "warn" | "good" | "bad";
  icon?: IconName;
  children: ComponentChildren;
  action?: ComponentChildren;
}

const noticeIcons = {
  info: "info",
  warn: "triangle-alert",
  good: "circle-check",
  bad: "circle-alert",
} as const;

export function Notice({ tone = "info", icon, children, action }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`}>
      <Icon name={icon ?? noticeIcons[tone]} />
      <div class="notice-text">{children}</div>
      {action}
    </div>
  );
}

export interface ShownProps<Value> {
  of: Resource<Value>;
  children: (value: Value, total: number | undefined) => ComponentChildren;
  lines?: number;
}

/** What was asked for, in whichever state it is. What is known stays while an error is told. */
export function Shown<Value>({ of, children, lines }: ShownProps<Value>) {
  const { value, problem, loading, total } = of.state.value;
  return (
    <>
      {problem && <Problem problem={problem} onRetry={() => void of.refresh()} />}
      {value !== undefined ? children(value, total) : loading && <Skeleton lines={lines ?? 4} />}
    </>
  );
}
