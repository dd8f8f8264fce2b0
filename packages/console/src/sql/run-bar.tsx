/** In charge of the buttons that run what is written, and of choosing among several results. */
import { requireUnlocked } from "../app/change.tsx";
import { Button } from "../ui/button.tsx";
import type { Run } from "./use-running.ts";

export interface RunBarProps {
  running: AbortController | undefined;
  note: string;
  onRun: (what: "current" | "all") => void;
  onExplain: (analyze: boolean) => void;
}

export function RunBar({ running, note, onRun, onExplain }: RunBarProps) {
  return (
    <div class="sql-bar">
      {running ? (
        <Button kind="danger" icon="x" onClick={() => running.abort()}>
          Cancel
        </Button>
      ) : (
        <Button kind="primary" icon="play" onClick={() => onRun("current")}>
          Run
        </Button>
      )}
      <Button onClick={() => onRun("all")} disabled={running !== undefined}>
        Run all
      </Button>
      <Button kind="quiet" onClick={() => onExplain(false)} disabled={running !== undefined}>
        Explain
      </Button>
      <Button
        kind="quiet"
        onClick={() => void requireUnlocked().then((yes) => yes && onExplain(true))}
        disabled={running !== undefined}
      >
        Analyze
      </Button>
      <span class="muted small">{note}</span>
    </div>
  );
}

export function ResultTabs({ run, onShow }: { run: Run; onShow: (at: number) => void }) {
  return (
    <div class="sql-results" role="tablist" aria-label="Results">
      {run.results.map((one, at) => (
        <button
          key={at}
          type="button"
          role="tab"
          aria-selected={at === run.shown}
          class="sql-tab"
          onClick={() => onShow(at)}
        >
          {at + 1}: {one.sql.slice(0, 24)}
        </button>
      ))}
    </div>
  );
}
