/** In charge of a schema as statements that make it: of everything, or of one table and what belongs to it. */
import type { SchemaObject } from "./read-schema.ts";

/** In the order in which they can run, for most schemas: functions before what calls them, keys to other tables at the end. */
export function renderDdl(objects: readonly SchemaObject[]): string {
  const of = (...kinds: SchemaObject["kind"][]) => objects.filter(({ kind }) => kinds.includes(kind));
  const tables = of("table").map(({ name }) => tableParts(objects, name));
  return [
    ...of("extension").map(({ name }) => `create extension if not exists ${name};`),
    ...of("schema").flatMap(({ name }) => (name === "public" ? [] : [`create schema ${name};`])),
    ...of("type").map(renderType),
    ...of("sequence").map(({ name, definition }) => `create sequence ${name} ${definition};`),
    ...tables.map(({ create }) => create),
    ...of("function", "procedure").map(({ definition }) => `${definition.trim()};`),
    ...of("view", "materialized view").map(renderView),
    ...tables.flatMap(({ rest }) => rest),
    ...of("grant").flatMap(renderGrant),
  ].join("\n\n");
}

/** @param name in full, quoted where it must be */
export function renderTableDdl(objects: readonly SchemaObject[], name: string): string {
  const view = objects.find(
    (object) => object.name === name && (object.kind === "view" || object.kind === "materialized view"),
  );
  if (view) return renderView(view);
  const { create, rest } = tableParts(objects, name);
  const grants = objects.filter(
    (object) => object.kind === "grant" && object.name.startsWith(`table ${name} to `),
  );
  return [create, ...rest, ...grants.flatMap(renderGrant)].join("\n\n");
}

function tableParts(objects: readonly SchemaObject[], name: string): { create: string; rest: string[] } {
  const itself = objects.find((object) => object.kind === "table" && object.name === name);
  const parts = objects.filter(({ table }) => table === name);
  const of = (kind: SchemaObject["kind"]) => parts.filter((part) => part.kind === kind);
  const columns = of("column").toSorted((a, b) => a.position - b.position);
  const isForeign = ({ definition }: SchemaObject) => / FOREIGN KEY /.test(definition);
  const inner = [...columns, ...of("constraint").filter((part) => !isForeign(part))];
  const [before, after] = splitOptions(itself?.definition ?? "");
  const body =
    inner.length === 0 ? "()" : `(\n${inner.map(({ definition }) => `  ${definition}`).join(",\n")}\n)`;
  const create = /partition of /.test(after)
    ? `create ${before}table ${name} ${after};`
    : `create ${before}table ${name} ${body}${after && ` ${after}`};`;
  return {
    create,
    rest: [
      ...of("constraint")
        .filter(isForeign)
        .map(({ definition }) => `alter table ${name} add ${definition};`),
      ...of("index").map(({ definition }) => `${definition};`),
      ...of("row security").flatMap(({ definition }) => [
        `alter table ${name} enable row level security;`,
        ...(definition === "forced" ? [`alter table ${name} force row level security;`] : []),
      ]),
      ...of("policy").map(({ definition }) => `create ${definition};`),
      ...of("trigger").map(({ definition }) => `${definition.replace(/ (disabled|replica|always)$/, "")};`),
    ],
  };
}

/** What stands before the word `table`, and what behind the columns. */
function splitOptions(definition: string): [string, string] {
  const words = definition.match(/^((?:unlogged|foreign)\s*)*/)?.[0] ?? "";
  return [words === "" ? "" : `${words.trim()} `, definition.slice(words.length).trim()];
}

function renderType({ name, definition }: SchemaObject): string {
  if (definition.startsWith("domain "))
    return `create domain ${name} as ${definition.slice("domain ".length)};`;
  return `create type ${name} as ${definition};`;
}

/** Those on columns and those that may be handed on are written otherwise, and rare. */
function renderGrant({ name, definition }: SchemaObject): string[] {
  const [, what, object, role] = /^(table|schema|function|type) (.*) to ([^ ]+)$/.exec(name) ?? [];
  if (what === undefined || role === "owner" || / with /.test(definition)) return [];
  return [`grant ${definition} on ${what} ${object} to ${role};`];
}

/** Its options stand in a line before its query. */
function renderView({ kind, name, definition }: SchemaObject): string {
  const [, options = "", query = definition] = /^(with \(.*\))\n([\s\S]*)$/.exec(definition) ?? [];
  return `create ${kind} ${name}${options && ` ${options}`} as\n${query.trim().replace(/;$/, "")};`;
}
