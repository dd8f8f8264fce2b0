/**
 * In charge of the first word of a statement. Postgres's grammar lets nothing but blanks, comments and empty statements
 * stand before it, so this much can be read exactly without the rest of the grammar.
 */

/** Words with which statements begin that read and write rows and do nothing else to a session or a catalog. */
export const rowStatements: ReadonlySet<string> = new Set(
  "SELECT INSERT UPDATE DELETE MERGE WITH VALUES TABLE".split(" "),
);

/** The first word in upper case, `""` when it does not begin with a letter, undefined when there is no statement. */
export function leadingKeyword(sql: string): string | undefined {
  const start = skipBlank(sql, 0);
  if (start === sql.length) return undefined;
  let end = start;
  while (end < sql.length && isWordPart(sql.charCodeAt(end))) end++;
  return sql.slice(start, end).toUpperCase();
}

/** The word after the first. */
export function secondKeyword(sql: string): string | undefined {
  const start = skipBlank(sql, 0);
  let end = start;
  while (end < sql.length && isWordPart(sql.charCodeAt(end))) end++;
  return leadingKeyword(sql.slice(end));
}

function skipBlank(sql: string, from: number): number {
  let at = from;
  while (at < sql.length) {
    const code = sql.charCodeAt(at);
    if (isBlank(code)) at++;
    else if (code === 0x2d && sql.charCodeAt(at + 1) === 0x2d) at = endOfLine(sql, at + 2);
    else if (code === 0x2f && sql.charCodeAt(at + 1) === 0x2a) at = endOfComment(sql, at + 2);
    else break;
  }
  return at;
}

/** Space, tab, line ends, form feed, vertical tab; and the semicolon, which ends an empty statement. */
const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0x3b;

/** Letters, digits, underscore, dollar, and whatever is not ASCII. */
const isWordPart = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f ||
  code === 0x24 ||
  code >= 0x80;

function endOfLine(sql: string, from: number): number {
  let at = from;
  while (at < sql.length && sql.charCodeAt(at) !== 0x0a && sql.charCodeAt(at) !== 0x0d) at++;
  return at;
}

/** Comments nest. One that is never closed reaches to the end; Postgres calls that a syntax error. */
function endOfComment(sql: string, from: number): number {
  let depth = 1;
  let at = from;
  while (at < sql.length && depth > 0) {
    const two = sql.slice(at, at + 2);
    if (two === "/*") depth++;
    else if (two === "*/") depth--;
    at += two === "/*" || two === "*/" ? 2 : 1;
  }
  return at;
}
