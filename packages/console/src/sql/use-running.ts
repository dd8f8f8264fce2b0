/** In charge of running what is written: the statement at the cursor, the selection, or all; and of what came of it. */
import type { BrowseIdentity, ErrorBody } from "@postern/sdk/protocol";
import { isAbort, problemOf } from "../app/api.ts";
import { unlocked } from "../app/session.ts";
import type { Editor } from "./editor.ts";
import { type EditorMemory, type EditorTab, remember } from "./editor-memory.ts";
import { runStatement, type StatementResult } from "./run-statement.ts";
import { type Statement, splitStatements, statementAt } from "./split-statements.ts";

export interface Run {
  results: StatementResult[];
  problem?: ErrorBody;
  /** A statement was refused because it writes. */
  wantsUnlock?: boolean;
  shown: number;
}

export interface RunningOptions {
  database: string;
  editor: { current: Editor | undefined };
  memory: EditorMemory;
  keep: (memory: EditorMemory) => void;
  tab: EditorTab;
  as: BrowseIdentity | undefined;
  running: AbortController | undefined;
  setRunning: (running: AbortController | undefined) => void;
  setRuns: (change: (all: Record<string, Run>) => Record<string, Run>) => void;
}

export function useRunning(options: RunningOptions) {
  const { database, editor, memory, keep, tab, as, running, setRunning, setRuns } = options;
  async function runAll(statements: readonly Statement[], prefix = "") {
    if (statements.length === 0) return;
    running?.abort();
    const abort = new AbortController();
    setRunning(abort);
    editor.current?.markError(null);
    const results: StatementResult[] = [];
    let history = memory.history;
    let failed: Partial<Run> = {};
    for (const { text, from } of statements) {
      history = remember(history, text);
      try {
        results.push(await runStatement(database, prefix + text, as, abort.signal));
      } catch (error) {
        if (isAbort(error)) failed = { problem: canceled };
        else {
          const problem = problemOf(error);
          failed = { problem, wantsUnlock: !unlocked.peek() && isRefusedWrite(problem) };
          if (problem.position !== undefined)
            editor.current?.markError(from + Math.max(0, problem.position - 1 - prefix.length));
        }
        break;
      }
    }
    setRunning(undefined);
    setRuns((all) => ({ ...all, [tab.id]: { results, shown: Math.max(0, results.length - 1), ...failed } }));
    const text = editor.current?.text() ?? tab.text;
    keep({
      ...memory,
      tabs: memory.tabs.map((one) => (one.id === tab.id ? { ...one, text } : one)),
      history,
    });
  }

  function wanted(what: "current" | "all"): Statement[] {
    const chosen = editor.current!.selection();
    if (what === "current" && chosen.text.trim() !== "") {
      return splitStatements(chosen.text).map((one) => ({
        ...one,
        from: one.from + chosen.from,
        to: one.to + chosen.from,
      }));
    }
    const statements = splitStatements(editor.current!.text());
    const at = statementAt(statements, chosen.from);
    return what === "all" ? statements : at ? [at] : [];
  }

  const explain = (analyze: boolean) => {
    const [statement] = wanted("current");
    const options = analyze ? "analyze, buffers, format json" : "format json";
    if (statement) void runAll([statement], `explain (${options}) `);
  };
  return { runAll, wanted, explain };
}

const canceled: ErrorBody = { code: "57014", message: "The statement was canceled." };

const isRefusedWrite = ({ code }: ErrorBody): boolean => code === "25006" || code === "Y3040";
