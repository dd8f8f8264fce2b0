/** In charge of what Tab offers at a place in the text: by what stands before it, and by what the database has. */
import { readableIdentifier } from "../../postgres/readable-identifier.ts";
import {
  asFunction,
  type Candidate,
  type Completion,
  functionNames,
  matching,
  relationNames,
} from "./candidates.ts";
import type { Catalog, CatalogRelation } from "./catalog.ts";
import { completeCommand } from "./complete-command.ts";
import { keywords, statementWords } from "./keywords.ts";
import { bareName, readScope, type ScopeTable } from "./read-scope.ts";
import { readTokens, type Token } from "./read-tokens.ts";

const wantsRelation =
  /^(from|join|update|into|table|only|references|truncate|view|analyze|vacuum|lock|copy)$/i;

/** Undefined inside of strings and comments. */
export function complete(text: string, cursor: number, catalog: Catalog): Completion | undefined {
  const command = /(?:^|\n)\s*(\\\S*(?:[^\S\n]+[^\n]*)?)$/.exec(text.slice(0, cursor))?.[1];
  if (command !== undefined) return completeCommand(command, cursor, catalog);
  const { statement, at } = statementAround(text, cursor);
  const before = readTokens(statement.slice(0, at));
  const last = before.at(-1);
  if (last?.isOpen ? last.kind !== "name" : last?.kind === "comment") return undefined;
  const isTyping = last?.kind === "word" || last?.kind === "name";
  const typed = isTyping ? statement.slice(last.start, at) : "";
  const start = cursor - typed.length;
  const solid = before
    .slice(0, isTyping ? -1 : undefined)
    .filter(({ kind }) => kind !== "space" && kind !== "comment");
  const candidates = findCandidates({ statement, solid, typed, catalog });
  return { start, candidates: matching(candidates, typed) };
}

interface Situation {
  statement: string;
  /** Tokens before the word that is being typed. */
  solid: readonly Token[];
  typed: string;
  catalog: Catalog;
}

function findCandidates({ statement, solid, typed, catalog }: Situation): Candidate[] {
  const text = (fromEnd: number): string => {
    const token = solid.at(-fromEnd);
    return token ? statement.slice(token.start, token.end) : "";
  };
  const scope = readScope(statement);
  if (text(1) === ".") return membersOf(bareName(text(2)), scope, catalog);
  if (solid.length === 0)
    return statementWords.map((word) => ({ text: cased(word, typed), what: "keyword" }));
  if (wantsRelation.test(text(1)) || (text(1) === "," && isInFrom(statement, solid)))
    return relationNames(catalog);
  const columns = scope.flatMap((table) => columnsOf(table, catalog));
  const aliases = scope.map(({ alias, name }) => ({
    text: readableIdentifier(alias ?? name),
    what: alias === undefined ? "table" : "alias",
  }));
  // Nothing typed yet: every keyword there is would only be in the way.
  if (typed === "" && columns.length > 0) return [...columns, ...aliases];
  const functions = functionNames(catalog);
  const words = [...keywords].map((word) => ({ text: cased(word, typed), what: "keyword" }));
  return [...columns, ...aliases, ...words, ...(typed === "" ? [] : functions), ...relationNames(catalog)];
}

const isInFrom = (statement: string, solid: readonly Token[]): boolean => {
  const words = solid
    .filter(({ kind }) => kind === "word")
    .map(({ start, end }) => statement.slice(start, end).toLowerCase());
  const clause = words.findLast((word) =>
    /^(select|from|where|set|values|group|order|having|on|into)$/.test(word),
  );
  return clause === "from";
};

/** Of an alias or table its columns, of a schema what is in it. */
function membersOf(qualifier: string, scope: readonly ScopeTable[], catalog: Catalog): Candidate[] {
  const table = scope.find(({ alias, name }) => (alias ?? name) === qualifier);
  // `from app.` reads as a table of that name until there is more of it.
  const columns = table ? columnsOf(table, catalog) : [];
  if (columns.length > 0) return columns;
  const inSchema = ({ schema }: { schema: string }) => schema === qualifier;
  const relations = catalog.relations
    .filter(inSchema)
    .map(({ name, kind }) => ({ text: readableIdentifier(name), what: kind }));
  const functions = catalog.functions.filter(inSchema).map(asFunction);
  if (relations.length + functions.length > 0) return [...relations, ...functions];
  return columnsOf({ schema: undefined, name: qualifier, alias: undefined }, catalog);
}

export function findRelation(
  { schema, name }: Pick<ScopeTable, "schema" | "name">,
  catalog: Catalog,
): CatalogRelation | undefined {
  return catalog.relations.find(
    (relation) =>
      relation.name === name && (schema === undefined ? relation.visible : relation.schema === schema),
  );
}

function columnsOf(table: ScopeTable, catalog: Catalog): Candidate[] {
  const columns = findRelation(table, catalog)?.columns ?? [];
  return columns.map(({ name, type }) => ({ text: readableIdentifier(name), what: type }));
}

/** Keywords in the case that is being typed; capitals where nothing says it. */
const cased = (word: string, typed: string): string =>
  typed !== "" && typed === typed.toLowerCase() ? word.toLowerCase() : word;

/** The statement that the cursor is in, and where in it. */
function statementAround(text: string, cursor: number): { statement: string; at: number } {
  const ends = readTokens(text)
    .filter(({ start, end }) => text.slice(start, end) === ";")
    .map(({ end }) => end);
  const start = ends.findLast((end) => end <= cursor) ?? 0;
  const end = ends.find((end) => end > cursor) ?? text.length;
  return { statement: text.slice(start, end), at: cursor - start };
}
