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

/** Those of the user first; those of a schema that has to be named with it; then schemas. */
export function relationNames(catalog: Catalog): Candidate[] {
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
}

export function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  const wanted = typed.toLowerCase().replace(/^"/, "");
  const seen = new Set<string>();
  const found = candidates.filter(({ text, what }) => {
    const name = text.toLowerCase().replace(/^"/, "");
    // What the server itself is made of is offered only to those who ask for it.
    if (what.startsWith("system ") && wanted === "") return false;
    if (!name.startsWith(wanted) || seen.has(text)) return false;
    seen.add(text);
    return true;
  });
  return found.slice(0, mostCandidates);
}
