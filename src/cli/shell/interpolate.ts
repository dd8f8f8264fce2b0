/** In charge of variables in statements: `:name` as it is, `:'name'` as a text, `:"name"` as a name. */
import { quoteIdentifier } from "../../postgres/identifier.ts";
import { readTokens } from "./read-tokens.ts";

export function interpolate(sql: string, variables: ReadonlyMap<string, string>): string {
  if (variables.size === 0 || !sql.includes(":")) return sql;
  const tokens = readTokens(sql);
  let result = "";
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]!;
    const text = sql.slice(token.start, token.end);
    const next = tokens[at + 1];
    const name = next && sql.slice(next.start, next.end);
    const value = text === ":" && name !== undefined ? contentOf(name, variables) : undefined;
    result += value ?? text;
    if (value !== undefined) at += 1;
  }
  return result;
}

function contentOf(name: string, variables: ReadonlyMap<string, string>): string | undefined {
  const bare = /^(['"])(\w+)\1$/.exec(name);
  const value = variables.get(bare?.[2] ?? name);
  if (value === undefined || !bare) return value;
  return bare[1] === "'" ? quoteText(value) : quoteIdentifier(value);
}

const quoteText = (text: string): string =>
  text.includes("\\")
    ? ` E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
