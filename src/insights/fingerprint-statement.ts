/**
 * In charge of what a statement is whatever its values are: its fingerprint by Postgres's own parser, its text without
 * values, what it does, and to which tables.
 */
import { createHash } from "node:crypto";

export interface StatementIdentity {
  fingerprint: string;
  /** Without any value: `$1` where one was. */
  text: string;
  kind: "select" | "insert" | "update" | "delete" | "merge" | "other";
  /** As they were written; in the order in which they come, each once. */
  tables: string[];
}

const kinds: Record<string, StatementIdentity["kind"]> = {
  SelectStmt: "select",
  InsertStmt: "insert",
  UpdateStmt: "update",
  DeleteStmt: "delete",
  MergeStmt: "merge",
};
const mostText = 4_000;

/** What nobody can read is told apart by its first word. Never throws. */
export async function fingerprintStatement(sql: string): Promise<StatementIdentity> {
  const { fingerprint, normalize, parse } = await import("libpg-query");
  try {
    const tree = await parse(sql);
    const statement = tree.stmts?.[0]?.stmt as Record<string, unknown> | undefined;
    const [type = ""] = Object.keys(statement ?? {});
    const kind = kinds[type] ?? "other";
    // Values of other statements (passwords, bodies of functions) are not all replaced.
    if (kind === "other") return unread(sql);
    const text = (await normalize(sql)).replace(/\s+/g, " ").trim();
    const names = new Set<string>();
    findTables(statement, names, namesOfCommonTables(statement));
    const shown = text.length > mostText ? `${text.slice(0, mostText)}…` : text;
    return { fingerprint: await fingerprint(sql), text: shown, kind, tables: [...names] };
  } catch {
    return unread(sql);
  }
}

function unread(sql: string): StatementIdentity {
  const words = /^\s*(?:--[^\n]*\n\s*|\/\*.*?\*\/\s*)*([a-z]+(?:\s+(?!\$)[a-z]+)?)/is.exec(sql)?.[1] ?? "?";
  const text = `${words.toUpperCase().replace(/\s+/g, " ")} …`;
  const fingerprint = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { fingerprint, text, kind: "other", tables: [] };
}

/** What WITH names is no table. */
function namesOfCommonTables(node: unknown, found = new Set<string>()): Set<string> {
  if (typeof node !== "object" || node === null) return found;
  for (const [key, value] of Object.entries(node)) {
    if (key === "CommonTableExpr") found.add((value as { ctename?: string }).ctename ?? "");
    namesOfCommonTables(value, found);
  }
  return found;
}

function findTables(node: unknown, found: Set<string>, common: ReadonlySet<string>): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    // INSERT, UPDATE and DELETE hold their table without a name around it.
    if (key === "RangeVar" || key === "relation") {
      const { schemaname, relname } = value as { schemaname?: string; relname?: string };
      if (relname !== undefined && (schemaname !== undefined || !common.has(relname)))
        found.add(schemaname === undefined ? relname : `${schemaname}.${relname}`);
    }
    findTables(value, found, common);
  }
}
