/** In charge of turning a structured query into one parameterised statement. Pure: what it names, the catalog has named. */
import type { JsonValue, RecordData, RecordFilter, RecordQuery } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { quoteIdentifier, quoteQualified } from "../postgres/identifier.ts";
import { encodeColumn } from "./encode-column.ts";
import { type Column, type Relation, tableNameOf } from "./relation.ts";

export interface CompiledRecords {
  sql: string;
  params: (string | null)[];
  writes: boolean;
}

export interface CompileOptions {
  /** Of the caller's token: rows of this tenant only, in tables that know tenants. */
  tenant?: string | undefined;
}

/** Rows of many columns reach Postgres's limit on parameters soon. */
const mostParams = 32_767;
const tenantColumn = "tenant_id";

/** @throws Y1061 Y1062 Y1063 Y2090 */
export function compileRecords(
  query: RecordQuery,
  relation: Relation,
  { tenant }: CompileOptions = {},
): CompiledRecords {
  const writer = new StatementWriter(relation);
  const scoped = tenant !== undefined && relation.columns.some(({ name }) => name === tenantColumn);
  const { operation, filters = [] } = query;
  checkMembers(query, relation);
  const conditions = () => {
    const all = filters.map((filter) => writer.condition(filter));
    if (scoped) all.push(writer.condition({ column: tenantColumn, op: "eq", value: tenant }));
    return all.length === 0 ? "" : ` where ${all.join(" and ")}`;
  };
  const table = quoteQualified([relation.schema, relation.name]);
  const returning = query.columns?.length === 0 ? "" : ` returning ${writer.columnList(query.columns)}`;
  const rowsOf = (data: RecordQuery["data"]) =>
    (Array.isArray(data) ? data : [data!]).map((row) => (scoped ? withTenant(row, tenant, operation) : row));
  const statements = {
    select: () =>
      `select ${writer.columnList(query.columns)} from ${table}${conditions()}${writer.window(query)}`,
    insert: () => `insert into ${table}${writer.values(rowsOf(query.data))}${returning}`,
    update: () =>
      `update ${table} set ${writer.assignments(rowsOf(query.data)[0]!)}${conditions()}${returning}`,
    delete: () => `delete from ${table}${conditions()}${returning}`,
  };
  const sql = statements[operation]();
  if (writer.params.length > mostParams)
    throw invalid(`The query has ${writer.params.length} values; at most ${mostParams} are possible.`, {
      hint: "Send the rows in several requests.",
    });
  return { sql, params: writer.params, writes: operation !== "select" };
}

/** Which members belong to which operation. */
function checkMembers(query: RecordQuery, relation: Relation): void {
  const { operation, data, filters = [], allow_all: allowAll = false } = query;
  const writes = operation !== "select";
  if (writes && relation.kind !== "r" && relation.kind !== "p") {
    throw posternError("Y1063", `${tableNameOf(relation)} is no table, so records are only read from it.`, {
      hint: "Write to the table behind it, or use SQL: /execute.",
    });
  }
  const wantsData = operation === "insert" || operation === "update";
  if (wantsData && data === undefined) throw invalid(`${operation} needs \`data\`.`);
  if (!wantsData && data !== undefined) throw invalid(`${operation} takes no \`data\`.`);
  if (operation === "update" && Array.isArray(data))
    throw invalid("update takes one object in `data`: the columns to set.");
  if (operation === "insert" && filters.length > 0) throw invalid("insert takes no `filters`.");
  if (writes && [query.limit, query.offset, query.order].some((member) => member !== undefined))
    throw invalid("`limit`, `offset` and `order` belong to select.");
  if (query.columns?.length === 0 && !writes) throw invalid("`columns` names none.");
  if (operation !== "update" && operation !== "delete") return;
  if (filters.length === 0 && !allowAll) {
    throw posternError("Y1062", `This ${operation} has no filter, so it would reach every row.`, {
      hint: "Say `filters`, or `allow_all: true` when every row is meant.",
    });
  }
}

function withTenant(row: RecordData, tenant: string, operation: RecordQuery["operation"]): RecordData {
  const said = row[tenantColumn];
  if (said !== undefined && said !== tenant) {
    throw posternError("Y2090", "The token belongs to another tenant than the row.", {
      detail: `The token's tenant is ${tenant}.`,
      hint: "Leave tenant_id out: it is set from the token.",
    });
  }
  return operation === "insert" ? { ...row, [tenantColumn]: tenant } : row;
}

class StatementWriter {
  readonly params: (string | null)[] = [];
  readonly #relation: Relation;
  readonly #columns: Map<string, Column>;

  constructor(relation: Relation) {
    this.#relation = relation;
    this.#columns = new Map(relation.columns.map((column) => [column.name, column]));
  }

  columnList(names: readonly string[] | undefined): string {
    if (names === undefined) return "*";
    return names.map((name) => quoteIdentifier(this.#column(name).name)).join(", ");
  }

  condition({ column: name, op, value }: RecordFilter): string {
    const column = this.#column(name);
    const left = quoteIdentifier(name);
    if (op === "is_null") {
      if (value !== undefined && typeof value !== "boolean") throw invalid("`is_null` takes true or false.");
      return `${left} is ${value === false ? "not " : ""}null`;
    }
    if (value === undefined) throw invalid(`The filter on ${name} has no \`value\`.`);
    if (value === null)
      throw invalid(`Nothing is ${op} null in SQL, so the filter on ${name} would find nothing.`, {
        hint: "Use the operator is_null; with `value: false` it finds the others.",
      });
    if (op === "like") {
      if (typeof value !== "string") throw invalid("`like` takes a text with % and _.");
      return `${column.kind === "text" ? left : `${left}::pg_catalog.text`} like ${this.#text(value)}`;
    }
    if (!column.hasEquality) throw invalid(`Column ${name} has a type that Postgres cannot compare.`);
    if (op === "in") return this.#membership(column, left, value);
    return `${left} ${comparisons[op]} ${this.#value(column, value)}`;
  }

  /** One literal, however long the list is. */
  #membership(column: Column, left: string, value: JsonValue): string {
    if (!Array.isArray(value)) throw invalid(`\`in\` takes a list of values for ${column.name}.`);
    if (column.kind === "array")
      return value.length === 0
        ? "false"
        : `(${value.map((one) => `${left} = ${this.#value(column, one)}`).join(" or ")})`;
    const list = encodeColumn({ ...column, kind: "array", elementIsJson: column.kind === "json" }, value);
    return `${left} = any (${this.#param(list)}::${column.type}[])`;
  }

  /** Rows that are counted off come in an order that does not change from page to page. */
  window({ limit, offset, order }: RecordQuery): string {
    const byKey = limit === undefined && offset === undefined ? [] : this.#relation.primaryKey;
    const terms = order
      ? order.map(
          ({ column, direction = "asc" }) => `${quoteIdentifier(this.#column(column).name)} ${direction}`,
        )
      : byKey.map(quoteIdentifier);
    const said = [
      terms.length > 0 && `order by ${terms.join(", ")}`,
      limit !== undefined && `limit ${Math.trunc(limit)}`,
      offset !== undefined && `offset ${Math.trunc(offset)}`,
    ].filter((part) => part !== false);
    return said.map((part) => ` ${part}`).join("");
  }

  values(rows: readonly RecordData[]): string {
    if (rows.length === 0) throw invalid("`data` holds no row.");
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const columns = names.map((name) => this.#writable(name));
    if (columns.length === 0) {
      if (rows.length === 1) return " default values";
      throw invalid("`data` names no column.");
    }
    const lists = rows.map((row) => {
      const values = columns.map((column) =>
        Object.hasOwn(row, column.name) ? this.#value(column, row[column.name]!) : "default",
      );
      return `(${values.join(", ")})`;
    });
    return ` (${names.map(quoteIdentifier).join(", ")}) values ${lists.join(", ")}`;
  }

  assignments(data: RecordData): string {
    const entries = Object.entries(data);
    if (entries.length === 0) throw invalid("`data` names no column to set.");
    return entries
      .map(([name, value]) => `${quoteIdentifier(name)} = ${this.#value(this.#writable(name), value)}`)
      .join(", ");
  }

  #writable(name: string): Column {
    const column = this.#column(name);
    if (!column.generated) return column;
    throw invalid(`Column ${name} is computed by Postgres, so it cannot be set.`, {
      hint: "Leave it out of `data`.",
    });
  }

  #column(name: string): Column {
    const column = this.#columns.get(name);
    if (column) return column;
    const names = this.#relation.columns.map((one) => one.name);
    const same = names.find((one) => one.toLowerCase() === name.toLowerCase());
    throw invalid(`Table ${tableNameOf(this.#relation)} has no column ${name}.`, {
      hint: same === undefined ? `It has ${names.join(", ")}.` : `Did you mean ${same}?`,
    });
  }

  #value(column: Column, value: JsonValue): string {
    return `${this.#param(encodeColumn(column, value))}::${column.type}`;
  }

  #text(value: string): string {
    return `${this.#param(value)}::pg_catalog.text`;
  }

  #param(value: string | null): string {
    return `$${this.params.push(value)}`;
  }
}

const comparisons = { eq: "=", neq: "<>", gt: ">", lt: "<", gte: ">=", lte: "<=" } as const;

const invalid = (message: string, { hint }: { hint?: string } = {}) =>
  posternError("Y1061", message, hint === undefined ? {} : { hint });
