/** In charge of what the parse tree of a policy's expression tells: is it always true, what is asked anew for every row. */
import type { Node } from "libpg-query";

export interface ExpressionFacts {
  /** Holds for every row, whoever asks. */
  alwaysTrue: boolean;
  /** Calls that depend on no column and still run once per row, as they are written. */
  perRowCalls: string[];
  /** The expression with each of them in a subselect of its own, which runs once per statement. */
  wrapped: string;
  /** Columns of the table itself that are compared with something that is not a constant. */
  comparedColumns: string[];
}

interface Call {
  /** Offsets in the expression's bytes. */
  start: number;
  end: number;
}

const prefix = "select ";

/** `expression` is pg_get_expr's. Null where this grammar does not know what the server wrote. */
export async function readExpression(expression: string): Promise<ExpressionFacts | null> {
  const { parse } = await import("libpg-query");
  const tree = await parse(prefix + expression).catch(() => null);
  const root = expressionOf(tree?.stmts?.[0]?.stmt as Node | undefined);
  if (!root) return null;
  const bytes = Buffer.from(expression);
  const calls = findPerRowCalls(root, bytes).toSorted((a, b) => a.start - b.start);
  const columns = new Set<string>();
  collectComparedColumns(root, columns);
  return {
    alwaysTrue: constantOf(root) === true,
    perRowCalls: [...new Set(calls.map(({ start, end }) => bytes.toString("utf8", start, end)))],
    wrapped: wrap(bytes, calls),
    comparedColumns: [...columns],
  };
}

function expressionOf(statement: Node | undefined): Node | undefined {
  if (!statement || !("SelectStmt" in statement)) return undefined;
  const target = statement.SelectStmt.targetList?.[0];
  return target && "ResTarget" in target ? target.ResTarget.val : undefined;
}

/** What Postgres would make of it before it looks at any row; undefined when that depends on the row. */
function constantOf(node: Node): boolean | undefined {
  if ("A_Const" in node) {
    const { boolval } = node.A_Const as { boolval?: { boolval?: boolean } };
    return boolval === undefined ? undefined : boolval.boolval === true;
  }
  if ("TypeCast" in node && node.TypeCast.arg) return constantOf(node.TypeCast.arg);
  if ("A_Expr" in node && node.A_Expr.kind === "AEXPR_OP" && operatorOf(node) === "=") {
    const { lexpr, rexpr } = node.A_Expr;
    const sides = [lexpr, rexpr].map((side) => side && "A_Const" in side && constantText(side));
    return sides[0] && sides[1] ? sides[0] === sides[1] : undefined;
  }
  if (!("BoolExpr" in node)) return undefined;
  const values = (node.BoolExpr.args ?? []).map(constantOf);
  switch (node.BoolExpr.boolop) {
    case "AND_EXPR":
      return values.includes(false) ? false : values.every((value) => value === true) ? true : undefined;
    case "OR_EXPR":
      return values.includes(true) ? true : values.every((value) => value === false) ? false : undefined;
    case "NOT_EXPR":
      return values[0] === undefined ? undefined : !values[0];
    default:
      return undefined;
  }
}

/** Of a constant, without its place in the text. */
function constantText(node: Node): string {
  const { location: _, ...value } = (node as { A_Const: Record<string, unknown> }).A_Const;
  return JSON.stringify(value);
}

function operatorOf(node: Node): string | undefined {
  const name = "A_Expr" in node ? node.A_Expr.name?.at(-1) : undefined;
  return name && "String" in name ? name.String.sval : undefined;
}

function findPerRowCalls(root: unknown, bytes: Buffer): Call[] {
  const calls: Call[] = [];
  visit(root, (node) => {
    if ("SubLink" in node && isSettled(node.SubLink.subselect)) {
      calls.push(...findPerRowCalls(node.SubLink.testexpr, bytes));
      return false;
    }
    if ("FuncCall" in node && isOncePerStatement(node)) {
      const start = (node.FuncCall.location ?? 0) - prefix.length;
      calls.push({ start, end: endOfCall(bytes, start) });
      return false;
    }
    return true;
  });
  return calls;
}

/** `(select auth.uid())`: no table and no column, so it runs once, before the rows. */
function isSettled(subselect: Node | undefined): boolean {
  const select = subselect && "SelectStmt" in subselect ? subselect.SelectStmt : undefined;
  return (
    select !== undefined && (select.fromClause ?? []).length === 0 && !select.larg && !readsColumn(select)
  );
}

/** A setting, or a function of the users' own, asked without any column. Postgres's own others cost next to nothing. */
function isOncePerStatement(node: Extract<Node, { FuncCall: unknown }>): boolean {
  const { funcname = [], args = [] } = node.FuncCall;
  const names = funcname.map((part) => ("String" in part ? (part.String.sval ?? "") : ""));
  const isSetting = names.at(-1) === "current_setting";
  return (isSetting || (names.length > 1 && names[0] !== "pg_catalog")) && !readsColumn(args);
}

function readsColumn(value: unknown): boolean {
  let found = false;
  visit(value, (node) => {
    found ||= "ColumnRef" in node;
    return !found;
  });
  return found;
}

/** Calls `enter` for every node, its children only where that says so. */
function visit(value: unknown, enter: (node: Node) => boolean): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, enter);
  } else if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    const isNode = keys.length === 1 && /^[A-Z]/.test(keys[0]!);
    if (isNode && !enter(value as Node)) return;
    for (const key of keys) visit((value as Record<string, unknown>)[key], enter);
  }
}

/** Behind the parenthesis that closes the call which begins at `start`; quotes are passed over. */
function endOfCall(bytes: Buffer, start: number): number {
  let depth = 0;
  let quote = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x27 || byte === 0x22) quote = byte;
    else if (byte === 0x28) depth += 1;
    else if (byte === 0x29) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return bytes.length;
}

function wrap(bytes: Buffer, calls: readonly Call[]): string {
  let text = "";
  let done = 0;
  for (const { start, end } of calls) {
    text += `${bytes.toString("utf8", done, start)}(select ${bytes.toString("utf8", start, end)})`;
    done = end;
  }
  return text + bytes.toString("utf8", done);
}

/** Columns in `column = …` and `column in (select …)`; subselects over other tables have columns of their own. */
function collectComparedColumns(root: Node, columns: Set<string>): void {
  visit(root, (node) => {
    if ("SubLink" in node) {
      if (node.SubLink.subLinkType === "ANY_SUBLINK") add(node.SubLink.testexpr, columns);
      return false;
    }
    if ("A_Expr" in node && operatorOf(node) === "=") {
      const { lexpr, rexpr } = node.A_Expr;
      if (dependsOnCaller(rexpr)) add(lexpr, columns);
      if (dependsOnCaller(lexpr)) add(rexpr, columns);
    }
    return true;
  });
}

function add(node: Node | undefined, columns: Set<string>): void {
  if (!node) return;
  if ("TypeCast" in node) add(node.TypeCast.arg, columns);
  if (!("ColumnRef" in node)) return;
  const last = node.ColumnRef.fields?.at(-1);
  if (last && "String" in last && last.String.sval !== undefined) columns.add(last.String.sval);
}

/** Neither a constant, which says nothing about who asks, nor of the same row, where no index helps. */
function dependsOnCaller(node: Node | undefined): boolean {
  let asks = false;
  let readsRow = false;
  visit(node, (part) => {
    readsRow ||= "ColumnRef" in part;
    asks ||= "FuncCall" in part || "SubLink" in part || "SQLValueFunction" in part;
    return !("SubLink" in part);
  });
  return asks && !readsRow;
}
