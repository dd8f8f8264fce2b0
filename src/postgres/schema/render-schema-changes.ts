/** In charge of differences between schemas as a person reads them: like a migration, `+` new, `-` gone, `~` changed. */
import type { SchemaChange } from "./compare-schemas.ts";

const signs = { added: "+", removed: "-", changed: "~" } as const;

export function renderSchemaChanges(changes: readonly SchemaChange[]): string[] {
  const lines: string[] = [];
  const told = new Set<string>();
  for (const change of changes) {
    const table = change.kind === "table" ? change.name : change.table;
    if (table === null) lines.push(...renderObject(change));
    else if (!told.has(table)) {
      told.add(table);
      lines.push(...renderTable(table, changes));
    }
  }
  return lines;
}

/** All that changed of one table stands together; of a table that is gone only that it is. */
function renderTable(name: string, changes: readonly SchemaChange[]): string[] {
  const itself = changes.find((change) => change.kind === "table" && change.name === name);
  const parts = changes.filter((change) => change.table === name);
  const options = itself?.after ? ` ${itself.after}` : "";
  if (itself?.change === "removed") return [`- table ${name}`];
  const inner = parts.flatMap((part) => renderObject(part)).map((line) => `    ${line}`);
  if (itself?.change === "added") return [`+ table ${name}${options}`, ...inner];
  return [
    `~ table ${name}${itself ? `: ${itself.before || "plain"} → ${itself.after || "plain"}` : ""}`,
    ...inner,
  ];
}

function renderObject(change: SchemaChange): string[] {
  const sign = signs[change.change];
  const { kind, before, after } = change;
  const title = titleOf(change);
  if (change.change === "removed") return [`${sign} ${title}`];
  if (after!.includes("\n")) {
    const body =
      change.change === "added"
        ? after!.split("\n").map((line) => `+ ${line}`)
        : linesThatDiffer(before!, after!);
    return [`${sign} ${title}`, ...body.filter((line) => line.trim() !== "+").map((line) => `    ${line}`)];
  }
  if (change.change === "changed") return [`${sign} ${title}: ${before} → ${after}`];
  if (kind === "grant" || kind === "default privileges") return [`${sign} ${title}: ${after}`];
  return [
    isWhole(kind)
      ? `${sign} ${kind === "column" ? "column " : ""}${after}`
      : `${sign} ${title}${after ? ` ${after}` : ""}`,
  ];
}

/** Does the definition say the name itself? */
const isWhole = (kind: string): boolean =>
  ["column", "constraint", "index", "policy", "trigger"].includes(kind);

/** Parts of a table are called by their own name alone, as they stand below it. */
function titleOf({ kind, name, table }: SchemaChange): string {
  const own = table !== null && name.startsWith(`${table}.`) ? name.slice(table.length + 1) : name;
  return kind === "row security" ? kind : `${kind} ${own}`;
}

/** Without what both have at their beginning and end. */
function linesThatDiffer(before: string, after: string): string[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  return [
    ...a.slice(head, a.length - tail).map((line) => `- ${line}`),
    ...b.slice(head, b.length - tail).map((line) => `+ ${line}`),
  ];
}
