/**
 * In charge of reading off a statement how it looks into each table: by which columns it compares, in which order it wants the
 * rows. By Postgres's own parser; what it cannot tell for sure it leaves out.
 */

/** How a statement looks into one table. */
export interface TableAccess {
  /** As it is written: `todos` or `app.todos`. */
  table: string;
  /** Compared by `=`, also with one of several values, or with a column of another table. */
  equal: string[];
  /** Compared by `<`, `>`, BETWEEN. */
  range: string[];
  /** ORDER BY, where all of it is of this table and goes one way. */
  order: string[];
  hasLimit: boolean;
}

type Tree = Record<string, unknown>;

interface Place {
  table: string;
  access: TableAccess;
}

/** Which tables have a column of this name; decides for columns without a table in front. */
export type HasColumn = (table: string, column: string) => boolean;

/** Every table that it reads; none of a statement that nobody can read. */
export async function readAccess(sql: string, hasColumn: HasColumn): Promise<TableAccess[]> {
  const { parse } = await import("libpg-query");
  const tree = await parse(sql).catch(() => undefined);
  const statement = tree?.stmts?.[0]?.stmt as Tree | undefined;
  const found: TableAccess[] = [];
  if (statement) visit(statement, found, hasColumn);
  return found;
}

/** Every SELECT, UPDATE and DELETE in it, however deep. */
function visit(node: unknown, found: TableAccess[], hasColumn: HasColumn): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "SelectStmt" || key === "larg" || key === "rarg") readSelect(value as Tree, found, hasColumn);
    else if (key === "UpdateStmt" || key === "DeleteStmt") readChange(value as Tree, found, hasColumn);
    visit(value, found, hasColumn);
  }
}

function readSelect(select: Tree, found: TableAccess[], hasColumn: HasColumn): void {
  const scope = new Scope(hasColumn);
  for (const item of (select.fromClause as Tree[]) ?? []) scope.add(item);
  if (scope.places.size === 0) return;
  scope.filter(select.whereClause);
  const isPlain = !select.groupClause && !select.distinctClause && !select.havingClause;
  if (isPlain) scope.sort((select.sortClause as Tree[]) ?? [], select.limitCount !== undefined);
  found.push(...scope.accesses);
}

function readChange(change: Tree, found: TableAccess[], hasColumn: HasColumn): void {
  const scope = new Scope(hasColumn);
  scope.add({ RangeVar: change.relation });
  for (const item of [...((change.fromClause as Tree[]) ?? []), ...((change.usingClause as Tree[]) ?? [])])
    scope.add(item);
  scope.filter(change.whereClause);
  found.push(...scope.accesses);
}

class Scope {
  /** By the name that columns have in front. */
  readonly places = new Map<string, Place>();
  readonly #hasColumn: HasColumn;
  /** Something is in it whose columns nobody knows. */
  #isOpaque = false;

  constructor(hasColumn: HasColumn) {
    this.#hasColumn = hasColumn;
  }

  get accesses(): TableAccess[] {
    return [...this.places.values()].map(({ access }) => access);
  }

  add(item: Tree): void {
    const range = item.RangeVar as
      | { schemaname?: string; relname?: string; alias?: { aliasname?: string } }
      | undefined;
    const join = item.JoinExpr as { larg?: Tree; rarg?: Tree; quals?: unknown } | undefined;
    if (range?.relname !== undefined) {
      const table = range.schemaname === undefined ? range.relname : `${range.schemaname}.${range.relname}`;
      const access: TableAccess = { table, equal: [], range: [], order: [], hasLimit: false };
      this.places.set(range.alias?.aliasname ?? range.relname, { table, access });
    } else if (join) {
      this.add(join.larg ?? {});
      this.add(join.rarg ?? {});
      this.filter(join.quals);
    } else this.#isOpaque = true;
  }

  /** All that must hold; what may hold instead of something else says nothing. */
  filter(condition: unknown): void {
    const node = condition as Tree | undefined;
    const and = node?.BoolExpr as { boolop?: string; args?: unknown[] } | undefined;
    if (and) {
      if (and.boolop === "AND_EXPR") for (const arg of and.args ?? []) this.filter(arg);
      return;
    }
    const compared = node?.A_Expr as { kind?: string; name?: Tree[]; lexpr?: Tree; rexpr?: Tree } | undefined;
    if (compared) this.#compare(compared);
  }

  sort(clauses: readonly Tree[], hasLimit: boolean): void {
    const columns = clauses.map((clause) => {
      const { node, sortby_dir: direction, sortby_nulls: nulls } = (clause.SortBy ?? {}) as Tree;
      const isUsual = nulls === undefined || nulls === "SORTBY_NULLS_DEFAULT";
      return isUsual ? { found: this.#find(node as Tree), isDown: direction === "SORTBY_DESC" } : undefined;
    });
    const first = columns[0];
    // An index is read forwards or backwards, so that either way will do if it is one for all.
    const isOneWay = columns.every(
      (one) => one?.found && one.found.place === first?.found?.place && one.isDown === first.isDown,
    );
    if (!first?.found || !isOneWay) return;
    const { access } = first.found.place;
    access.order = columns.map((one) => one!.found!.column);
    access.hasLimit = hasLimit;
  }

  #compare({ kind, name, lexpr, rexpr }: { kind?: string; name?: Tree[]; lexpr?: Tree; rexpr?: Tree }): void {
    const operator = ((name?.at(-1)?.String as Tree | undefined)?.sval as string | undefined) ?? "";
    const sides = [this.#find(lexpr), this.#find(rexpr)];
    const isEqual =
      (kind === "AEXPR_OP" && operator === "=") ||
      kind === "AEXPR_IN" ||
      (kind === "AEXPR_OP_ANY" && operator === "=");
    const isNegated = kind === "AEXPR_IN" && operator !== "=";
    const isRange =
      kind === "AEXPR_BETWEEN" || (kind === "AEXPR_OP" && ["<", ">", "<=", ">="].includes(operator));
    // A column against another of its own row leads nowhere.
    if (isNegated || (sides[0] && sides[1] && sides[0].place === sides[1].place)) return;
    for (const [side, other] of [
      [sides[0], rexpr],
      [sides[1], lexpr],
    ] as const) {
      // What is computed of this very table is no value that one could look for.
      if (!side || (!this.#find(other) && this.#mentions(other, side.place))) continue;
      if (isEqual) addOnce(side.place.access.equal, side.column);
      else if (isRange && !(sides[0] && sides[1])) addOnce(side.place.access.range, side.column);
    }
  }

  #find(node: Tree | undefined): { place: Place; column: string } | undefined {
    const fields = (node?.ColumnRef as { fields?: Tree[] } | undefined)?.fields;
    if (!fields) return undefined;
    const names = fields.map((field) => (field.String as Tree | undefined)?.sval as string | undefined);
    const column = names.at(-1);
    if (column === undefined || names.length > 2) return undefined;
    if (names.length === 2) {
      const place = this.places.get(names[0]!);
      return place && { place, column };
    }
    const having = [...this.places.values()].filter(({ table }) => this.#hasColumn(table, column));
    const [place] = having;
    return place && having.length === 1 && !this.#isOpaque ? { place, column } : undefined;
  }

  #mentions(node: unknown, place: Place): boolean {
    if (typeof node !== "object" || node === null) return false;
    if (this.#find(node as Tree)?.place === place) return true;
    return Object.values(node).some((value) => this.#mentions(value, place));
  }
}

function addOnce(list: string[], name: string): void {
  if (!list.includes(name)) list.push(name);
}
