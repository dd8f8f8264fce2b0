/** In charge of the ids of rows: from what a person types to the text under which the log keeps them. */
import type { JsonValue } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { parseExactJson } from "../base/exact-json.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { type Column, type Relation, tableNameOf } from "./relation.ts";

export interface RowKey {
  /** An expression that gives the id as the log has it; its parameters are `params`. */
  idSql: string;
  /** A condition that finds the row itself. */
  whereSql: string;
  params: string[];
}

/** @param given `42`; of a composite key `region=eu,id=42` or its JSON. @throws Y1067 Y1061 */
export function parseRowId(relation: Relation, given: string): RowKey {
  const { primaryKey } = relation;
  if (primaryKey.length === 0) throw noPrimaryKey(relation);
  const values = primaryKey.length === 1 ? [given] : partsOf(relation, given);
  const columns = primaryKey.map((name) => relation.columns.find((column) => column.name === name)!);
  const value = (column: Column, index: number) => `$${index + 1}::${column.type}`;
  const members = columns.map((column, index) => `${literal(column.name)}, ${value(column, index)}`);
  return {
    idSql:
      columns.length === 1
        ? `pg_catalog.to_jsonb(${value(columns[0]!, 0)}) #>> '{}'`
        : `pg_catalog.jsonb_build_object(${members.join(", ")})::pg_catalog.text`,
    whereSql: columns
      .map((column, index) => `r.${quoteIdentifier(column.name)} = ${value(column, index)}`)
      .join(" and "),
    params: values,
  };
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'::pg_catalog.text`;

function partsOf(relation: Relation, given: string): string[] {
  const parts = parseParts(given);
  return relation.primaryKey.map((name) => {
    const value = parts?.get(name);
    if (value !== undefined && parts?.size === relation.primaryKey.length) return value;
    throw posternError(
      "Y1061",
      `The key of ${tableNameOf(relation)} has ${relation.primaryKey.length} columns.`,
      {
        hint: `Write ${relation.primaryKey.map((column) => `${column}=…`).join(",")}, or a JSON object.`,
      },
    );
  });
}

function parseParts(given: string): Map<string, string> | undefined {
  if (given.trimStart().startsWith("{")) {
    try {
      const object = parseExactJson<Record<string, JsonValue>>(given);
      return new Map(
        Object.entries(object).map(([name, value]) => [
          name,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      );
    } catch {
      return undefined;
    }
  }
  const pairs = given.split(",").map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at).trim(), part.slice(at + 1)] as [string, string];
  });
  return new Map(pairs);
}

export const noPrimaryKey = (relation: Relation) =>
  posternError("Y1067", `Table ${tableNameOf(relation)} has no primary key, so no row of it can be named.`, {
    detail: "Its changes are logged with all their columns, and no id.",
    hint: "Add a primary key; what is logged from then on has ids.",
  });
