/** In charge of which tables a statement speaks of, under which names: what follows FROM, JOIN, UPDATE and INTO. */
import { readTokens, type Token } from "./read-tokens.ts";

export interface ScopeTable {
  schema: string | undefined;
  name: string;
  alias: string | undefined;
}

/** Words behind a table that are no alias of it. */
const noAlias =
  /^(as|on|using|where|join|inner|left|right|full|cross|natural|group|order|limit|offset|set|values|select|returning|having|union|except|intersect|fetch|for|window|default|overriding|tablesample|when|lateral|only|with|cascade|restrict)$/i;

export function readScope(sql: string): ScopeTable[] {
  const tokens = readTokens(sql).filter(({ kind }) => kind !== "space" && kind !== "comment");
  const text = (at: number): string => (tokens[at] ? sql.slice(tokens[at].start, tokens[at].end) : "");
  const tables: ScopeTable[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    if (!/^(from|join|update|into|table)$/i.test(text(at)) || tokens[at]!.kind !== "word") continue;
    for (let next = at + 1; ; ) {
      const read = readTable(sql, tokens, next);
      if (!read) break;
      tables.push(read.table);
      if (text(read.end) !== ",") break;
      next = read.end + 1;
    }
  }
  return tables;
}

function readTable(
  sql: string,
  tokens: readonly Token[],
  from: number,
): { table: ScopeTable; end: number } | undefined {
  const text = (at: number): string => (tokens[at] ? sql.slice(tokens[at].start, tokens[at].end) : "");
  const isName = (at: number): boolean => tokens[at]?.kind === "word" || tokens[at]?.kind === "name";
  let at = from;
  while (/^(only|lateral)$/i.test(text(at))) at += 1;
  if (!isName(at) || /^(select|where|set|values)$/i.test(text(at))) return undefined;
  const isQualified = text(at + 1) === "." && isName(at + 2);
  const schema = isQualified ? bareName(text(at)) : undefined;
  if (isQualified) at += 2;
  const name = bareName(text(at));
  at += 1;
  if (/^as$/i.test(text(at))) at += 1;
  const hasAlias = isName(at) && !(tokens[at]!.kind === "word" && noAlias.test(text(at)));
  const alias = hasAlias ? bareName(text(at)) : undefined;
  return { table: { schema, name, alias }, end: hasAlias ? at + 1 : at };
}

/** As the catalog writes it: folded to lower case unless it stands in quotes. */
export function bareName(text: string): string {
  if (!text.startsWith('"')) return text.toLowerCase();
  return text.replace(/^"|"$/g, "").replaceAll('""', '"');
}
