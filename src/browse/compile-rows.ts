/** In charge of turning a selection of rows into one statement whose values are texts. Pure: what it names, the catalog has named. */
import type { RowFilter, RowOrder, RowPageRequest } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { quoteIdentifier, quoteQualified } from "../postgres/identifier.ts";
import { type Column, type Relation, tableNameOf } from "../records/relation.ts";
import { type Cursor, encodeCursor, readCursor } from "./cursor.ts";

export interface CompiledRows {
  sql: string;
  params: string[];
  columns: string[];
  /** Characters of each value that are answered at most; one more shows that it is cut. */
  cellLength: number;
  limit: number;
  by: "key" | "offset";
  /** Of the row behind which the next page begins, from what the statement answered; null: there is no such way. */
  cursorOf(row: readonly (string | null)[]): string | null;
}

export const mostRows = 500;

/** @throws Y1101 Y1102 */
export function compileRows(
  request: RowPageRequest,
  relation: Relation,
  condition: string | undefined,
): CompiledRows {
  const writer = new RowWriter(relation);
  const { limit = 100, offset = 0, after } = request;
  const columns = request.columns ?? relation.columns.map(({ name }) => name);
  const cellLength = columns.length > 40 ? 256 : 2_000;
  const keys = writer.sortKeys(request.order ?? [], { asOwner: request.as === undefined });
  const where = writer.conditions(request.filters ?? [], condition);
  if (after !== undefined) where.push(writer.behind(keys.terms, readCursor(after, keys.terms)));
  const wanted = [
    ...columns.map((name) => writer.cell(name, cellLength)),
    ...keys.terms.map(({ expression }) => `${expression}::pg_catalog.text`),
  ];
  const order = keys.terms.map(({ expression, direction }) => `${expression} ${direction}`);
  const sql = [
    `select ${wanted.length > 0 ? wanted.join(", ") : "1"} from ${writer.table}`,
    where.length > 0 && `where ${where.join(" and ")}`,
    order.length > 0 && `order by ${order.join(", ")}`,
    // One more tells whether there are more.
    `limit ${limit + 1}`,
    after === undefined && offset > 0 && `offset ${offset}`,
  ];
  return {
    sql: sql.filter((part) => part !== false).join(" "),
    params: writer.params,
    columns,
    cellLength,
    limit,
    by: after !== undefined || offset === 0 ? "key" : "offset",
    cursorOf: (row) => (keys.isUnique ? encodeCursor(keys.terms, row.slice(columns.length)) : null),
  };
}

/** @throws Y1101 */
export function compileCount(
  request: Pick<RowPageRequest, "filters">,
  relation: Relation,
  condition: string | undefined,
): { sql: string; params: string[] } {
  const writer = new RowWriter(relation);
  const where = writer.conditions(request.filters ?? [], condition);
  const sql = `from ${writer.table}${where.length > 0 ? ` where ${where.join(" and ")}` : ""}`;
  return { sql, params: writer.params };
}

/** Whole values, without an end. @throws Y1101 */
export function compileExport(
  request: Pick<RowPageRequest, "filters" | "columns" | "order">,
  relation: Relation,
  condition: string | undefined,
): { sql: string; params: string[]; columns: string[] } {
  const writer = new RowWriter(relation);
  const columns = request.columns ?? relation.columns.map(({ name }) => name);
  const where = writer.conditions(request.filters ?? [], condition);
  const { terms } = writer.sortKeys(request.order ?? [], { asOwner: false });
  const order = terms.map(({ expression, direction }) => `${expression} ${direction}`);
  const sql = [
    `select ${columns.map((name) => `${writer.quoted(name)}::pg_catalog.text`).join(", ")} from ${writer.table}`,
    where.length > 0 && `where ${where.join(" and ")}`,
    order.length > 0 && `order by ${order.join(", ")}`,
  ];
  return { sql: sql.filter((part) => part !== false).join(" "), params: writer.params, columns };
}

/** One value of one row, up to a length. @throws Y1101 */
export function compileCell(
  request: { column: string; key: Record<string, string> },
  relation: Relation,
  mostCharacters: number,
): { sql: string; params: string[] } {
  if (relation.primaryKey.length === 0)
    throw posternError("Y1067", `Table ${tableNameOf(relation)} has no primary key, so no row can be named.`);
  const missing = relation.primaryKey.find((name) => request.key[name] === undefined);
  if (missing !== undefined) throw invalid(`\`key\` does not say ${missing}.`);
  const writer = new RowWriter(relation);
  const value = `${writer.quoted(request.column)}::pg_catalog.text`;
  const where = relation.primaryKey.map((name) =>
    writer.condition({ column: name, op: "eq", value: request.key[name]! }),
  );
  return {
    sql: `select left(${value}, ${mostCharacters}), octet_length(${value}), length(${value}) from ${writer.table} where ${where.join(" and ")}`,
    params: writer.params,
  };
}

export interface SortTerm {
  /** Quoted, and what its value is cast from a text with. */
  expression: string;
  type: string;
  direction: "asc" | "desc";
  nullable: boolean;
}

class RowWriter {
  readonly params: string[] = [];
  readonly table: string;
  readonly #relation: Relation;
  readonly #columns: Map<string, Column>;

  constructor(relation: Relation) {
    this.#relation = relation;
    this.#columns = new Map(relation.columns.map((column) => [column.name, column]));
    this.table = quoteQualified([relation.schema, relation.name]);
  }

  quoted(name: string): string {
    return quoteIdentifier(this.#column(name).name);
  }

  cell(name: string, length: number): string {
    const { type } = this.#column(name);
    const column = quoteIdentifier(name);
    // The text of bytes is twice as long as they are: only the beginning is made one.
    if (type === "pg_catalog.bytea")
      return `left(substr(${column}, 1, ${length})::pg_catalog.text, ${length + 1})`;
    return `left(${column}::pg_catalog.text, ${length + 1})`;
  }

  /** What is sorted by, down to what tells every row from the others. */
  sortKeys(
    order: readonly RowOrder[],
    { asOwner }: { asOwner: boolean },
  ): { terms: SortTerm[]; isUnique: boolean } {
    const { primaryKey, kind } = this.#relation;
    const terms = order.map(({ column: name, direction = "asc" }): SortTerm => {
      const column = this.#column(name);
      if (!column.hasEquality) throw invalid(`Column ${name} has a type that Postgres cannot sort by.`);
      return {
        expression: this.#sorted(name),
        type: column.type,
        direction,
        nullable: !primaryKey.includes(name),
      };
    });
    const direction = terms.at(-1)?.direction ?? "asc";
    const sorted = new Set(order.map(({ column }) => column));
    for (const name of primaryKey)
      if (!sorted.has(name))
        terms.push({
          expression: this.#sorted(name),
          type: this.#column(name).type,
          direction,
          nullable: false,
        });
    if (primaryKey.length > 0) return { terms, isUnique: true };
    // Where a row lies tells it from others, in a plain table.
    if (kind !== "r" || !asOwner) return { terms, isUnique: false };
    terms.push({ expression: this.#sorted("ctid"), type: "pg_catalog.tid", direction, nullable: false });
    return { terms, isUnique: true };
  }

  /** With its table: a name alone would be that of a text in the answer, which sorts otherwise. */
  #sorted(column: string): string {
    return quoteQualified([this.#relation.name, column]);
  }

  conditions(filters: readonly RowFilter[], condition: string | undefined): string[] {
    const all = filters.map((filter) => this.condition(filter));
    if (condition !== undefined) all.push(`(${condition}\n)`);
    return all;
  }

  condition({ column: name, op, value }: RowFilter): string {
    const column = this.#column(name);
    const left = quoteIdentifier(name);
    if (op === "is_null") return `${left} is ${value === "false" ? "not " : ""}null`;
    if (op === "in") {
      if (!Array.isArray(value) || value.length === 0)
        throw invalid(`\`in\` takes a list of values for ${name}.`);
      return `${this.#comparable(column)} in (${value.map((one) => this.#value(column, one)).join(", ")})`;
    }
    if (typeof value !== "string") throw invalid(`The filter on ${name} has no \`value\`.`);
    const text = `${left}::pg_catalog.text`;
    if (op === "like") return `${text} like ${this.#param(value)}::pg_catalog.text`;
    if (op === "contains") return `strpos(lower(${text}), lower(${this.#param(value)}::pg_catalog.text)) > 0`;
    return `${this.#comparable(column)} ${comparisons[op]} ${this.#value(column, value)}`;
  }

  /**
   * Rows behind one, in an order of several columns: the first that differs decides. Null is last when it goes up, as Postgres
   * has it.
   */
  behind(terms: readonly SortTerm[], values: Cursor): string {
    const ways = terms.map((_, at) => {
      const same = terms.slice(0, at).map((term, index) => this.#same(term, values[index]!));
      return [...same, this.#further(terms[at]!, values[at]!)].join(" and ");
    });
    return `(${ways.map((way) => `(${way})`).join(" or ")})`;
  }

  #same({ expression, type }: SortTerm, value: string | null): string {
    return value === null ? `${expression} is null` : `${expression} = ${this.#param(value)}::${type}`;
  }

  #further({ expression, type, direction, nullable }: SortTerm, value: string | null): string {
    if (value === null) return direction === "asc" ? "false" : `${expression} is not null`;
    const further = `${expression} ${direction === "asc" ? ">" : "<"} ${this.#param(value)}::${type}`;
    return direction === "asc" && nullable ? `(${further} or ${expression} is null)` : further;
  }

  #comparable(column: Column): string {
    const left = quoteIdentifier(column.name);
    // JSON and the like are compared as they are written.
    return column.hasEquality ? left : `${left}::pg_catalog.text`;
  }

  #value(column: Column, value: string): string {
    return `${this.#param(value)}::${column.hasEquality ? column.type : "pg_catalog.text"}`;
  }

  #column(name: string): Column {
    const column = this.#columns.get(name);
    if (column) return column;
    throw invalid(`Table ${tableNameOf(this.#relation)} has no column ${name}.`, {
      hint: "It may have been changed: load the page again.",
    });
  }

  #param(value: string): string {
    return `$${this.params.push(value)}`;
  }
}

const comparisons = { eq: "=", neq: "<>", gt: ">", lt: "<", gte: ">=", lte: "<=" } as const;

const invalid = (message: string, { hint }: { hint?: string } = {}) =>
  posternError("Y1101", message, hint === undefined ? {} : { hint });
