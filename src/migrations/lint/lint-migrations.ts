/** In charge of looking at migrations before they run, by Postgres's own grammar: what they block, lose, or may fail at. */
import { locateOffset } from "../../postgres/locate-position.ts";
import { parseBlock } from "../../postgres/parse-block.ts";
import type { Statement } from "../../postgres/split-statements.ts";
import type { MigrationFile } from "../migration-file.ts";
import { type MigrationScript, readMigrationScript } from "../migration-script.ts";
import { lintAccess, openedTables, withoutRowSecurity } from "./lint-access.ts";
import { lintAlterTable } from "./lint-alter-table.ts";
import { lintIndex } from "./lint-index.ts";
import { lintLocks, lintLockTimeout, setsLockTimeout } from "./lint-locks.ts";
import { lintLoss } from "./lint-loss.ts";
import { type LintDraft, type LintFinding, lintRules } from "./lint-rules.ts";
import { readAllowances, refuseAllowance } from "./read-allowances.ts";
import { SchemaMemory } from "./schema-memory.ts";

export interface LintOptions {
  /** Files whose findings are wanted; the others tell what is there before them. All when absent. */
  only?: ReadonlySet<string> | undefined;
  /** Every file runs under a lock_timeout that it need not set itself. */
  lockTimeoutGiven?: boolean | undefined;
}

/** In the order of the files and of their lines. @throws MigrationFailure for a file that is no SQL */
export async function lintMigrations(
  files: readonly MigrationFile[],
  { only, lockTimeoutGiven = false }: LintOptions = {},
): Promise<LintFinding[]> {
  const memory = new SchemaMemory();
  const findings: LintFinding[] = [];
  for (const file of files) {
    const script = await readMigrationScript(file);
    const found = await lintFile(script, memory, lockTimeoutGiven);
    if (only === undefined || only.has(file.name)) findings.push(...found);
  }
  return findings;
}

interface Found {
  draft: LintDraft;
  statement: number;
}

async function lintFile(
  script: MigrationScript,
  memory: SchemaMemory,
  timed: boolean,
): Promise<LintFinding[]> {
  const { file, statements, noTransaction } = script;
  memory.beginFile();
  const found: Found[] = mixedStatements(script);
  const opened = new Map<string, number>();
  let hasTimeout = timed;
  for (const [index, statement] of statements.entries()) {
    hasTimeout ||= setsLockTimeout(statement);
    for (const { node, at } of await partsOf(statement)) {
      const drafts = [
        ...lintIndex(node, memory),
        ...lintAlterTable(node, memory, !noTransaction),
        ...lintLoss(node, memory),
        ...lintLocks(node, memory),
        ...lintAccess(node, memory),
      ];
      const waits = hasTimeout ? [] : lintLockTimeout(node, memory);
      if (waits.length > 0) hasTimeout = true;
      for (const draft of [...drafts, ...waits])
        found.push({ draft: at === undefined ? draft : { ...draft, at }, statement: index });
      for (const table of openedTables(node, memory)) if (!opened.has(table)) opened.set(table, index);
      memory.learn(node);
    }
  }
  for (const [table, statement] of opened)
    if (!memory.withRowSecurity.has(table)) found.push({ draft: withoutRowSecurity(table), statement });
  return settle(file, statements, found);
}

/** The statement itself; of a DO block, what it runs as well, found where the block stands. */
async function partsOf(statement: Statement): Promise<{ node: Statement["node"]; at?: number }[]> {
  if (!("DoStmt" in statement.node)) return [{ node: statement.node }];
  return (await parseBlock(statement)).map(({ node, startByte }) => ({ node, at: startByte }));
}

/** One that must run alone makes the whole file run without a transaction. */
function mixedStatements({ statements, noTransaction, asked }: MigrationScript): Found[] {
  const alone = statements.findIndex(({ needsNoTransaction }) => needsNoTransaction);
  const others = statements.some(
    ({ needsNoTransaction, type }) => !needsNoTransaction && type !== "VariableSetStmt",
  );
  if (!noTransaction || asked || alone === -1 || !others) return [];
  const draft: LintDraft = {
    rule: "not_atomic",
    what: "Has a statement that cannot run in a transaction beside others that can.",
    safeWay: "Give this statement a file of its own.",
  };
  return [{ draft, statement: alone }];
}

/** Takes away what is allowed, adds what is wrong with the allowances, and works out the places. */
function settle(
  file: MigrationFile,
  statements: readonly Statement[],
  found: readonly Found[],
): LintFinding[] {
  const bytes = Buffer.from(file.sql);
  const allowances = readAllowances(file.sql, statements);
  const isAllowed = ({ draft, statement }: Found) =>
    allowances[statement]!.some((allowance) => allowance.rule === draft.rule && allowance.reason !== "");
  const placed = found
    .filter((one) => !isAllowed(one))
    .map(({ draft, statement }) => ({
      draft,
      offset:
        draft.at === undefined ? statements[statement]!.start : bytes.toString("utf8", 0, draft.at).length,
    }));
  for (const allowance of allowances.flat()) {
    const draft = refuseAllowance(allowance);
    if (draft) placed.push({ draft, offset: allowance.offset });
  }
  return placed
    .sort((a, b) => a.offset - b.offset)
    .map(({ draft: { rule, what, safeWay }, offset }) => {
      const { line, column, lineText } = locateOffset(file.sql, offset);
      const { severity, why } = lintRules[rule];
      return {
        file: file.name,
        line,
        column,
        line_text: lineText,
        rule,
        severity,
        what,
        why,
        safe_way: safeWay,
      };
    });
}
