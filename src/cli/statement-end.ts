/** In charge of telling whether what was typed is a whole statement: does it end with a semicolon that counts? */

/** What may hide a semicolon: quotes, dollar quotes, comments; each with where it ends. */
const hiding =
  /'(?:[^']|'')*('|$)|"(?:[^"]|"")*("|$)|--[^\n]*(\n|$)|\/\*[\s\S]*?(\*\/|$)|(\$\w*\$)[\s\S]*?(\5|$)/g;

export function isWholeStatement(sql: string): boolean {
  let isOpen = false;
  const bare = sql.replace(hiding, (_text, quote, name, line, comment, _tag, dollar) => {
    // Only a line comment may be ended by the end of the text.
    isOpen = line === undefined && [quote, name, comment, dollar].every((end) => !end);
    return " x ".slice(line === undefined && comment === undefined ? 0 : 2);
  });
  return !isOpen && bare.trimEnd().endsWith(";");
}
