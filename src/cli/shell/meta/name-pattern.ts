/** In charge of patterns of names, as psql has them: `pub*.user?`, `"Exact Name"`. */

/** Regular expressions of Postgres; undefined: any. */
export interface NamePattern {
  schema: string | undefined;
  name: string | undefined;
}

export function readPattern(text: string): NamePattern {
  const parts: string[] = [""];
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '"' && isQuoted && text[at + 1] === '"') {
      parts[parts.length - 1] += '"';
      at += 1;
    } else if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) parts[parts.length - 1] += escaped(character);
    else if (character === ".") parts.push("");
    else if (character === "*") parts[parts.length - 1] += ".*";
    else if (character === "?") parts[parts.length - 1] += ".";
    else parts[parts.length - 1] += escaped(character.toLowerCase());
  }
  const [schema, name] = parts.length > 1 ? parts.slice(-2) : [undefined, parts[0]];
  return { schema: anchored(schema), name: anchored(name) };
}

const escaped = (character: string): string => character.replace(/[$^()[\]{}|\\+.*?]/, "\\$&");

const anchored = (pattern: string | undefined): string | undefined =>
  pattern === undefined || pattern === "" || pattern === ".*" ? undefined : `^(${pattern})$`;
