/** In charge of `-- postern:allow RULE reason`: in the comments before a statement, inside it, or behind it on its line. */
import type { Statement } from "../../postgres/split-statements.ts";
import { isLintRule, type LintRuleId, lintRules } from "./lint-rules.ts";

export interface Allowance {
  /** UTF-16 offset in the file. */
  offset: number;
  /** As it is written, with `_` for `-`. */
  rule: string;
  reason: string;
}

const directive = /--[ \t]*postern:allow\b[ \t]*([\w-]*)[ \t]*([^\r\n]*)/g;

/** For each statement, what is allowed to it. */
export function readAllowances(sql: string, statements: readonly Statement[]): Allowance[][] {
  const lists = statements.map((): Allowance[] => []);
  for (const match of sql.matchAll(directive)) {
    const owner = ownerOf(sql, match.index, statements);
    if (owner === undefined) continue;
    const [, rule = "", reason = ""] = match;
    lists[owner]!.push({ offset: match.index, rule: rule.replaceAll("-", "_"), reason: reason.trim() });
  }
  return lists;
}

/** The statement that a comment at `offset` belongs to. */
function ownerOf(sql: string, offset: number, statements: readonly Statement[]): number | undefined {
  const next = statements.findIndex(({ start }) => start > offset);
  const before = (next === -1 ? statements.length : next) - 1;
  const previous = statements[before];
  if (previous) {
    const end = previous.start + previous.text.length;
    if (offset < end || !sql.slice(end, offset).includes("\n")) return before;
  }
  return next === -1 ? undefined : next;
}

/** Undefined: it allows something. */
export function refuseAllowance({
  rule,
  reason,
}: Allowance): { rule: LintRuleId; what: string; safeWay: string } | undefined {
  if (!isLintRule(rule)) {
    return {
      rule: "allow_unknown_rule",
      what: rule === "" ? "Allows no rule." : `There is no rule ${rule}.`,
      safeWay: `One of: ${Object.keys(lintRules).join(", ")}.`,
    };
  }
  if (reason !== "") return undefined;
  return {
    rule: "allow_without_reason",
    what: `Allows ${rule} without a reason.`,
    safeWay: `-- postern:allow ${rule} why it is right here`,
  };
}
