/** In charge of the SQL editor: tabs, running statements, their results, and what was run before. */
import type { BrowseIdentity, Catalog } from "@postern/sdk/protocol";
import { useRef, useState } from "preact/hooks";
import { session } from "../app/api.ts";
import { requireUnlocked } from "../app/change.tsx";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { useResource } from "../app/resource.ts";
import { unlocked } from "../app/session.ts";
import { ViewAs } from "../data/filter-bar.tsx";
import type { Editor } from "../sql/editor.ts";
import { EditorBox } from "../sql/editor-box.tsx";
import { type EditorMemory, readMemory, writeMemory } from "../sql/editor-memory.ts";
import { HistoryDialog, Tabs } from "../sql/editor-tabs.tsx";
import { ResultView } from "../sql/result-view.tsx";
import { ResultTabs, RunBar } from "../sql/run-bar.tsx";
import { type Run, useRunning } from "../sql/use-running.ts";
import { Button } from "../ui/button.tsx";
import { Empty, Problem, Skeleton } from "../ui/states.tsx";
import "../styles/data.css";
import "../styles/sql.css";

interface EditorActionsNow {
  keep: (memory: EditorMemory) => void;
  memory: EditorMemory;
  run: (what: "current" | "all") => void;
}

export default function SqlPage() {
  const database = useDatabase();
  const account = session.value?.account.id ?? "";
  const [memory, setMemory] = useState<EditorMemory>(() => readMemory(account, database.id));
  const [runs, setRuns] = useState<Record<string, Run>>({});
  const [running, setRunning] = useState<AbortController>();
  const [as, setAs] = useState<BrowseIdentity>();
  const [isHistoryOpen, setHistoryOpen] = useState(false);
  const editor = useRef<Editor | undefined>(undefined);
  const catalog = useResource<Catalog>(
    database.status === "paused" ? null : `${databasePath(database.id)}/catalog`,
  );
  const tab = memory.tabs.find(({ id }) => id === memory.current) ?? memory.tabs[0]!;
  const keep = (next: EditorMemory) => {
    setMemory(next);
    writeMemory(account, database.id, next);
  };
  const actions = useRef<EditorActionsNow>({ keep, memory, run: () => {} });

  const { runAll, wanted, explain } = useRunning({
    database: database.id,
    editor,
    memory,
    keep,
    tab,
    as,
    running,
    setRunning,
    setRuns,
  });
  actions.current = { keep, memory, run: (what) => void runAll(wanted(what)) };
  const run = runs[tab.id];
  const result = run?.results[run.shown];
  return (
    <div class="page page-wide sql-page">
      <h1 class="hidden-text" id="page-title" tabIndex={-1}>
        SQL editor
      </h1>
      <div class="sql-bar">
        <Tabs memory={memory} onChange={keep} />
        <span class="table-tools-end">
          <ViewAs as={as} onChange={setAs} />
          <Button small kind="quiet" icon="history" onClick={() => setHistoryOpen(true)}>
            History
          </Button>
        </span>
      </div>
      <EditorBox
        key={tab.id}
        text={tab.text}
        catalog={catalog.state.value.value}
        onReady={(opened) => {
          editor.current = opened;
        }}
        onChange={(text) => {
          const { memory: now, keep: store } = actions.current;
          store({ ...now, tabs: now.tabs.map((one) => (one.id === tab.id ? { ...one, text } : one)) });
        }}
        onRun={(what) => actions.current.run(what)}
      />
      <RunBar
        running={running}
        note={
          as
            ? "What it writes is undone."
            : unlocked.value
              ? "Each statement takes effect at once."
              : "Read-only."
        }
        onRun={(what) => void runAll(wanted(what))}
        onExplain={explain}
      />
      {run?.problem && (
        <Problem
          problem={run.problem}
          onRetry={
            run.wantsUnlock
              ? () => void requireUnlocked().then((yes) => yes && void runAll(wanted("current")))
              : undefined
          }
        />
      )}
      {run && run.results.length > 1 && (
        <ResultTabs run={run} onShow={(shown) => setRuns({ ...runs, [tab.id]: { ...run, shown } })} />
      )}
      {running && <Skeleton lines={3} />}
      {!running && !run && (
        <Empty icon="terminal" title="What a statement answers is shown here.">
          <p>Ctrl+Enter runs the one at the cursor, or what is selected.</p>
        </Empty>
      )}
      {!running && result && <ResultView key={`${tab.id}${run!.shown}${result.ms}`} result={result} />}
      {isHistoryOpen && (
        <HistoryDialog
          history={memory.history}
          onClose={() => setHistoryOpen(false)}
          onChoose={(sql) => {
            editor.current?.insert(`${sql};`);
            setHistoryOpen(false);
          }}
        />
      )}
    </div>
  );
}
