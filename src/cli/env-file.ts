/** In charge of `.env` files: writing variables so that every reader agrees, and replacing only one's own lines. */

/** One `NAME=value` a line; quoted where a shell or a dotenv reader would need it. */
export function formatEnvFile(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${formatLine(name, value)}\n`)
    .join("");
}

/** The text with these variables set: lines of theirs are replaced where they stand, new ones come last. */
export function mergeEnvFile(text: string, variables: Record<string, string>): string {
  const left = new Map(Object.entries(variables));
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const merged = lines.map((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1];
    const value = name === undefined ? undefined : variables[name];
    if (name === undefined || value === undefined) return line;
    left.delete(name);
    return formatLine(name, value);
  });
  for (const [name, value] of left) merged.push(formatLine(name, value));
  return `${merged.join("\n")}\n`;
}

function formatLine(name: string, value: string): string {
  if (/^[\w@%+=:,./?&-]*$/.test(value) && !value.includes("&")) return `${name}=${value}`;
  // Single quotes: neither shells nor dotenv readers expand anything in them.
  if (!value.includes("'")) return `${name}='${value}'`;
  return `${name}="${value.replace(/[\\"$`]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
