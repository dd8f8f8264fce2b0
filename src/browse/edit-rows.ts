/** In charge of changes to rows that a person has put together: as structured queries, and as SQL to be read before. */
import type {
  JsonValue,
  RecordData,
  RecordFilter,
  RecordQuery,
  RowEdit,
  TableName,
} from "@postern/sdk/protocol";
import pg from "pg";
import { posternError } from "../base/error.ts";
import { type CompiledRecords, compileRecords } from "../records/compile-records.ts";
import { type Column, type Relation, tableNameOf } from "../records/relation.ts";

export const mostEdits = 500;

/** @throws Y1067 Y1104 */
export function planEdits(edits: readonly RowEdit[], relation: Relation): RecordQuery[] {
  const table = `${relation.schema}.${relation.name}`;
  const columns = new Map(relation.columns.map((column) => [column.name, column]));
  const dataOf = (values: Record<string, string | null>): RecordData =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, jsonOf(columns.get(name), name, value)]),
    );
  return edits.map((edit): RecordQuery => {
    if (edit.action === "insert") return { table, operation: "insert", data: dataOf(edit.values) };
    const filters = keyFilters(edit.key, relation);
    if (edit.action === "delete") return { table, operation: "delete", filters };
    if (Object.keys(edit.values).length === 0) throw invalid("A change to a row sets no column.");
    const before = Object.entries(edit.was ?? {}).flatMap(([name, value]) =>
      wasFilter(columns.get(name), name, value),
    );
    return { table, operation: "update", data: dataOf(edit.values), filters: [...filters, ...before] };
  });
}

function keyFilters(key: Record<string, string>, relation: Relation): RecordFilter[] {
  if (relation.primaryKey.length === 0)
    throw posternError(
      "Y1067",
      `Table ${tableNameOf(relation)} has no primary key, so no row can be named.`,
      {
        hint: "Give it one, or change its rows in the SQL editor.",
      },
    );
  return relation.primaryKey.map((name) => {
    const value = key[name];
    if (value === undefined) throw invalid(`The row's key does not say ${name}.`);
    return { column: name, op: "eq", value };
  });
}

/** What cannot be compared exactly is not compared. */
function wasFilter(column: Column | undefined, name: string, value: string | null): RecordFilter[] {
  if (value === null) return [{ column: name, op: "is_null" }];
  if (!column?.hasEquality || column.kind === "json" || column.kind === "array") return [];
  return [{ column: name, op: "eq", value }];
}

/** A column's text as /records takes it: only JSON is read, as there a text would be a JSON text. */
function jsonOf(column: Column | undefined, name: string, text: string | null): JsonValue {
  if (text === null || column?.kind !== "json") return text;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw invalid(`The value for ${name} is not JSON.`, { hint: 'A text in JSON has quotes: "like this".' });
  }
  if (value === null)
    throw invalid(`The value for ${name} is JSON's null.`, { hint: "Set NULL, or use the SQL editor." });
  if (losesDigits(text)) {
    throw invalid(`The value for ${name} has a number that would lose digits.`, {
      hint: "Set it in the SQL editor.",
    });
  }
  return value;
}

/** Numbers outside of texts that a double does not hold as they are written. */
function losesDigits(json: string): boolean {
  const numbers = json.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?\d[\d.eE+-]*/g) ?? [];
  return numbers.some((text) => text.replace(/[^\d]/g, "").length > 15 && String(Number(text)) !== text);
}

/** Each with its values in place, as it could be typed. */
export const renderStatements = (queries: readonly RecordQuery[], relation: Relation): string[] =>
  queries.map((query) =>
    renderStatement(
      compileRecords({ ...query, columns: query.operation === "select" ? query.columns! : [] }, relation),
    ),
  );

/** Names are passed over, as one may look like a parameter. */
const renderStatement = ({ sql, params }: CompiledRecords): string =>
  `${sql.replace(
    /"(?:[^"]|"")*"|\$(\d+)::("(?:[^"]|"")*"|\w+)\.("(?:[^"]|"")*"|\w+)(\[\])?/g,
    (all, number: string | undefined, schema: string, type: string, list = "") => {
      if (number === undefined) return all;
      const value = params[Number(number) - 1] ?? null;
      const cast = schema === "pg_catalog" ? type : `${schema}.${type}`;
      if (value === null) return "null";
      return isPlain(type) ? pg.escapeLiteral(value) : `${pg.escapeLiteral(value)}::${cast}${list}`;
    },
  )};`;

/** Whose literal needs no cast to be read as it is meant. */
const isPlain = (type: string): boolean =>
  [
    "text",
    "varchar",
    "bpchar",
    "int2",
    "int4",
    "int8",
    "numeric",
    "bool",
    "uuid",
    "float8",
    "float4",
  ].includes(type);

export const rowGone = (table: TableName, number: number) =>
  posternError(
    "Y1103",
    `Change ${number} met no row, or one that somebody else changed meanwhile: nothing was written.`,
    {
      detail: `Table ${table.schema}.${table.name}.`,
      hint: "Load the rows again, and make the change to what they are now.",
    },
  );

const invalid = (message: string, { hint }: { hint?: string } = {}) =>
  posternError("Y1104", message, hint === undefined ? {} : { hint });
