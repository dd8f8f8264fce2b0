/**
 * In charge of reading JSON without losing a digit: a number that JavaScript would write otherwise than it stands there
 * (9007199254740993, 1.50) becomes a text, as in everything that travels. Pure.
 */

/** @throws SyntaxError */
export const parseExactJson = <Value>(json: string): Value => JSON.parse(quoteInexact(json)) as Value;

function quoteInexact(json: string): string {
  let result = "";
  let at = 0;
  while (at < json.length) {
    const quote = json.indexOf('"', at);
    const end = quote < 0 ? json.length : quote;
    result += json
      .slice(at, end)
      .replace(/-?\d[\d.eE+-]*/g, (number) => (String(Number(number)) === number ? number : `"${number}"`));
    if (quote < 0) break;
    at = endOfText(json, quote);
    result += json.slice(quote, at);
  }
  return result;
}

/** Texts may be megabytes long, for which a regular expression's stack would not do. */
function endOfText(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return json.length;
}
