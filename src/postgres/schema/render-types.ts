/** In charge of a schema as TypeScript: what a row holds, what may be inserted, what may be changed. Pure. */
import type { ColumnFacts, EnumFacts, FunctionFacts, TypeCatalog, ValueType } from "./read-types.ts";

const head = `// Written by \`postern db types\` from the schema as it is. Values are typed as SQL over HTTP answers them.

export type Json = string | number | boolean | null | { [key: string]: Json } | Json[];

export interface Database {`;

export function renderTypes({ columns, enums, functions }: TypeCatalog): string {
  const schemas = [...new Set([...columns, ...enums, ...functions].map(({ schema }) => schema))].sort();
  const blocks = schemas.map((schema) => {
    const here = <Facts extends { schema: string }>(facts: readonly Facts[]) =>
      facts.filter((one) => one.schema === schema);
    const relations = groupBy(here(columns), ({ relation }) => relation);
    const tables = relations.filter(([, [column]]) => column!.is_table);
    const views = relations.filter(([, [column]]) => !column!.is_table);
    return block(key(schema), [
      block(
        "Tables",
        tables.map(([name, list]) => renderTable(name, list)),
      ),
      block(
        "Views",
        views.map(([name, list]) => block(key(name), [renderRow(list)])),
      ),
      block("Enums", here(enums).map(renderEnum)),
      block("Functions", groupBy(here(functions), ({ name }) => name).map(renderFunction)),
    ]);
  });
  return `${head}\n${indent(blocks.join("\n"))}\n}\n`;
}

function renderTable(name: string, columns: readonly ColumnFacts[]): string {
  const writable = columns.filter(({ generated }) => !generated);
  const insert = writable.map((column) => field(column, column.nullable || column.has_default));
  const update = writable.map((column) => field(column, true));
  return block(key(name), [renderRow(columns), block("Insert", insert), block("Update", update)]);
}

const renderRow = (columns: readonly ColumnFacts[]): string =>
  block(
    "Row",
    columns.map((column) => field(column, false)),
  );

const field = ({ name, type, nullable }: ColumnFacts, optional: boolean): string =>
  `${key(name)}${optional ? "?" : ""}: ${renderType(type)}${nullable ? " | null" : ""};`;

const renderEnum = ({ name, labels }: EnumFacts): string =>
  `${key(name)}: ${labels.map((label) => JSON.stringify(label)).join(" | ") || "never"};`;

/** One of several of the same name is one way to call it. */
function renderFunction([name, overloads]: [string, FunctionFacts[]]): string {
  const ways = overloads.map(({ arguments: parameters, returns, returns_set: set }) => {
    const fields = parameters.map(
      ({ name: parameter, type, optional }, place) =>
        `${key(parameter || `$${place + 1}`)}${optional ? "?" : ""}: ${renderType(type)}`,
    );
    const result = renderType(returns);
    return `{ Args: ${fields.length === 0 ? "Record<string, never>" : `{ ${fields.join("; ")} }`}; Returns: ${set ? `(${result})[]` : result} }`;
  });
  return `${key(name)}: ${ways.join(" | ")};`;
}

const numbers = new Set(["int2", "int4", "oid"]);

function renderType({ name, enum_schema: schema, array }: ValueType): string {
  const single =
    schema === null
      ? renderBase(name)
      : `Database[${JSON.stringify(schema)}]["Enums"][${JSON.stringify(name)}]`;
  return array ? `(${single} | null)[]` : single;
}

function renderBase(name: string): string {
  if (numbers.has(name)) return "number";
  // Infinity and NaN are no JSON numbers.
  if (name === "float4" || name === "float8") return 'number | "NaN" | "Infinity" | "-Infinity"';
  if (name === "bool") return "boolean";
  if (name === "json" || name === "jsonb") return "Json";
  return name === "void" ? "null" : "string";
}

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

const block = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? `${title}: Record<string, never>;` : `${title}: {\n${indent(lines.join("\n"))}\n};`;

const indent = (text: string): string => text.replace(/^(?=.)/gm, "  ");

function groupBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): [string, Value[]][] {
  const groups = new Map<string, Value[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return [...groups];
}
