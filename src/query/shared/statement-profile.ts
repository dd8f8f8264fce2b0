/**
 * In charge of what a statement's parse tree says about sharing a session with others: only statements that cannot touch
 * the session's state may. Everything that is not known to be harmless is not shared.
 */

import { isText } from "../check-request.ts";
import type { Audience } from "./verify-profile.ts";

export type ProfileKind = "read" | "insert" | "change" | "write";

/** What has to be looked up in the catalog before the statement is shared. */
export interface StatementProfile {
  /**
   * A read may be repeated, and travel with others. A plain insert may travel with others like it: it waits for nobody but
   * for who inserts the same key. A change of rows that are there may travel with other changes, and waits for whoever
   * has locked one of them. Every other write (what takes locks to choose its rows, what sets sequences) has its session to
   * itself while it runs.
   */
  kind: ProfileKind;
  /** Names of relations, quoted where needed, as `to_regclass` reads them. */
  relations: string[];
  /** Names that are those of common table expressions in one place and may be relations in another. */
  ambiguousRelations: string[];
  /** Names of functions, without their schemas. */
  functions: string[];
  /** Names of columns that stand behind a dot: `t.f` and `(x).f` may be other ways to write `f(t)` and `f(x)`. */
  attributes: string[];
}

/** Nodes that run nothing but functions, operators and casts, all of which are looked up. */
const harmlessNodes = new Set(
  (
    "SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt MergeWhenClause ResTarget ColumnRef A_Star A_Const A_Expr BoolExpr " +
    "NullTest BooleanTest FuncCall NamedArgExpr TypeCast TypeName ParamRef SubLink CaseExpr CaseWhen CoalesceExpr MinMaxExpr JoinExpr " +
    "RangeVar RangeSubselect RangeFunction SortBy WindowDef WithClause CommonTableExpr A_ArrayExpr A_Indirection A_Indices " +
    "RowExpr SQLValueFunction OnConflictClause InferClause IndexElem List String Integer Float Boolean BitString " +
    "MultiAssignRef SetToDefault GroupingSet GroupingFunc LockingClause CollateClause Alias ReturningClause ReturningOption"
  ).split(" "),
);
const writingNodes = new Set(["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "LockingClause"]);

/** They change what no session keeps for itself, so they may be shared; but they must not run twice. */
const writingFunctions = new Set(["nextval", "setval"]);

/** Beyond this a statement is no one's daily bread, and reading it would hold up the others. */
const longestText: Record<Audience, number> = { owner: 16 * 1024, client: 4 * 1024 };
/** A stranger could nest brackets in order to make reading them slow. */
const mostBracketsOfClients = 60;

/** Undefined: the statement must have a session to itself. */
export async function profileStatement(
  sql: string,
  audience: Audience,
): Promise<StatementProfile | undefined> {
  // The parser would read up to a NUL and no further.
  if (sql.length > longestText[audience] || !isText(sql)) return undefined;
  if (audience === "client" && sql.split(/[([]/).length > mostBracketsOfClients) return undefined;
  const { parse } = await import("libpg-query");
  const tree = await parse(sql).catch(() => undefined);
  const statement = tree?.stmts?.length === 1 ? tree.stmts[0]!.stmt : undefined;
  if (!statement || !/^(?:Select|Insert|Update|Delete|Merge)Stmt$/.test(Object.keys(statement)[0]!))
    return undefined;
  const findings = new Findings();
  findings.visit(statement);
  if (!findings.isHarmless) return undefined;
  return { ...findings.toProfile(), kind: findings.kindOf(statement) };
}

/** Upserts and statements with a WITH may lock or change rows that are there. */
function isPlainInsert(statement: object): boolean {
  const insert = (statement as { InsertStmt?: Tree }).InsertStmt;
  if (!insert || insert.onConflictClause !== undefined || insert.withClause !== undefined) return false;
  const source = (insert.selectStmt as { SelectStmt?: Tree } | undefined)?.SelectStmt;
  return source === undefined || (source.valuesLists !== undefined && source.withClause === undefined);
}

type Tree = Record<string, unknown>;

class Findings {
  isHarmless = true;
  #writes = false;
  #locks = false;
  readonly #relations = new Set<string>();
  readonly #tableExpressions = new Set<string>();
  readonly #functions = new Set<string>();
  readonly #attributes = new Set<string>();

  kindOf(statement: object): ProfileKind {
    const callsWriter = [...this.#functions, ...this.#attributes].some((name) => writingFunctions.has(name));
    if (isPlainInsert(statement)) return "insert";
    if (!this.#writes && !callsWriter) return "read";
    return callsWriter || this.#locks || "SelectStmt" in statement ? "write" : "change";
  }

  toProfile(): Omit<StatementProfile, "kind"> {
    const functions = [...this.#functions];
    const attributes = [...this.#attributes];
    const names = [...this.#relations];
    return {
      relations: names.filter((name) => !this.#tableExpressions.has(name)),
      ambiguousRelations: names.filter((name) => this.#tableExpressions.has(name)),
      functions,
      attributes,
    };
  }

  visit(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item);
    else if (typeof value === "object" && value !== null) this.#visitObject(value as Tree);
  }

  /** Nodes stand below their type's name, which begins with a capital; some fields hold a bare node of a fixed type. */
  #visitObject(tree: Tree): void {
    for (const [key, value] of Object.entries(tree)) {
      if (/^[A-Z]/.test(key)) this.#enterNode(key, value as Tree);
      // SELECT … INTO makes a table.
      else if (key === "intoClause") this.isHarmless = false;
      else if (key === "relation" && !isNode(value)) this.#enterNode("RangeVar", value as Tree);
      this.visit(value);
    }
  }

  #enterNode(type: string, node: Tree): void {
    if (!harmlessNodes.has(type)) this.isHarmless = false;
    if (writingNodes.has(type)) this.#writes = true;
    if (type === "LockingClause") this.#locks = true;
    // The name of another database is an error that Postgres explains better.
    if (node.catalogname !== undefined) this.isHarmless = false;
    if (type === "RangeVar") this.#relations.add(qualifiedName(node));
    else if (type === "CommonTableExpr") this.#tableExpressions.add(quoted(node.ctename as string));
    else if (type === "FuncCall") this.#functions.add(lastName(node.funcname as Tree[]));
    else if (type === "ColumnRef") this.#addAttributes((node.fields as Tree[]).slice(1));
    else if (type === "A_Indirection") this.#addAttributes(node.indirection as Tree[]);
  }

  #addAttributes(nodes: Tree[]): void {
    for (const { String: name } of nodes) {
      if (name) this.#attributes.add((name as { sval: string }).sval);
    }
  }
}

/** Is it `{"RangeVar": {…}}` rather than the bare fields of a node? */
const isNode = (value: unknown): boolean =>
  typeof value !== "object" ||
  value === null ||
  Array.isArray(value) ||
  /^[A-Z]/.test(Object.keys(value)[0] ?? "");

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const qualifiedName = ({ schemaname, relname }: Tree): string =>
  [schemaname, relname]
    .filter((part) => part !== undefined)
    .map((part) => quoted(part as string))
    .join(".");

const lastName = (names: Tree[]): string => (names.at(-1)!.String as { sval: string }).sval;
