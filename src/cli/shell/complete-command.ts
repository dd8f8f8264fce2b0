/** In charge of what Tab offers behind a backslash: commands, and the words that they take. */

import { readableIdentifier } from "../../postgres/readable-identifier.ts";
import { type Candidate, type Completion, matching, relationNames } from "./candidates.ts";
import type { Catalog } from "./catalog.ts";
import { commandHelp } from "./meta/command-help.ts";

const words: Record<string, readonly string[]> = {
  x: ["on", "off", "auto"],
  timing: ["on", "off"],
  t: ["on", "off"],
  slow: ["total", "mean", "calls"],
  write: ["on", "off"],
  pset: ["expanded", "fieldsep", "footer", "format", "null", "pager", "tuples_only"],
  "pset format": ["aligned", "unaligned", "csv", "json", "markdown"],
  "pset expanded": ["on", "off", "auto"],
  "pset footer": ["on", "off"],
  "pset pager": ["on", "off"],
  "pset tuples_only": ["on", "off"],
};

export function completeCommand(line: string, cursor: number, catalog: Catalog): Completion {
  const given = line.split(/\s+/);
  const typed = given.at(-1)!;
  const start = cursor - typed.length;
  if (given.length === 1) {
    const commands = commandHelp.map(({ name, summary }) => ({ text: `\\${name}`, what: summary }));
    return { start, candidates: matching(commands, typed) };
  }
  const known = words[given.slice(0, -1).join(" ").slice(1)];
  if (known) return { start, candidates: matching(known.map(asWord), typed) };
  if (/^\\(d|copy|rls|sv|ev|history|z)/.test(given[0]!))
    return { start, candidates: matching(relationNames(catalog), typed) };
  if (/^\\[se]f$/.test(given[0]!)) {
    const names = catalog.functions.map(({ name }) => ({ text: readableIdentifier(name), what: "function" }));
    return { start, candidates: matching(names, typed) };
  }
  return { start, candidates: [] };
}

const asWord = (text: string): Candidate => ({ text, what: "" });
