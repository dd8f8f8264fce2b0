/** In charge of what can be offered for completion, and of choosing what fits the letters that are there. */
import { readableIdentifier } from "../../postgres/readable-identifier.ts";
import type { Catalog } from "./catalog.ts";

export interface Candidate {
  text: string;
  /** column, table, keyword … */
  what: string;
}

export interface Completion {
  /** Where what the candidates replace begins; it ends at the cursor. */
  start: number;
  candidates: Candidate[];
}

const mostCandidates = 200;

/** Made once for a catalog: with thousands of names it takes longer than a key may. */
function once(make: (catalog: Catalog) => Candidate[]): (catalog: Catalog) => Candidate[] {
  const made = new WeakMap<Catalog, Candidate[]>();
  return (catalog) => {
    let candidates = made.get(catalog);
    if (!candidates) {
      candidates = make(catalog);
      made.set(catalog, candidates);
    }
    return candidates;
  };
}

/** Those of the user first; those of a schema that has to be named with it; then schemas. */
export const relationNames = once((catalog) => {
  const relations = catalog.relations.filter(
    ({ schema, kind }) => schema !== "pg_catalog" && kind !== "sequence",
  );
  const named = relations.map(({ schema, name, kind, visible }) => ({
    text: visible ? readableIdentifier(name) : `${readableIdentifier(schema)}.${readableIdentifier(name)}`,
    what: kind,
  }));
  const system = catalog.relations
    .filter(({ schema }) => schema === "pg_catalog")
    .map(({ name, kind }) => ({ text: name, what: `system ${kind}` }));
  const schemas = catalog.schemas.map((name) => ({ text: `${readableIdentifier(name)}.`, what: "schema" }));
  return [...named, ...schemas, ...system];
});

export const functionNames = once(({ functions }) =>
  functions.filter(({ visible }) => visible).map(asFunction),
);

export const asFunction = ({ name }: { name: string }): Candidate => ({
  text: `${readableIdentifier(name)}(`,
  what: "function",
});

export function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  const wanted = typed.toLowerCase().replace(/^"/, "");
  const found = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { text, what } = candidate;
    const from = text.startsWith('"') ? 1 : 0;
    if (text.slice(from, from + wanted.length).toLowerCase() !== wanted || found.has(text)) continue;
    // What the server itself is made of is offered only to those who ask for it.
    if (wanted === "" && what.startsWith("system ")) continue;
    found.set(text, candidate);
    if (found.size === mostCandidates) break;
  }
  return [...found.values()];
}
