/** In charge of reading names and constants out of parse trees. */
import type { ColumnDef, Constraint, Node, RangeVar, TypeName } from "libpg-query";
import { readableIdentifier } from "../../postgres/readable-identifier.ts";

/** Two spellings of one table are the same key: what has no schema is in `public`. */
export const keyOf = (table: Pick<RangeVar, "schemaname" | "relname">): string =>
  readableOf([table.schemaname, table.relname].filter((part) => part !== undefined && part !== "public"));

export const keyOfNames = (names: readonly string[]): string =>
  readableOf(
    names.slice(-2).filter((part, index, all) => all.length === 1 || index > 0 || part !== "public"),
  );

const readableOf = (parts: readonly (string | undefined)[]): string =>
  parts.map((part) => readableIdentifier(part ?? "")).join(".");

export const stringsOf = (nodes: readonly Node[] | undefined): string[] =>
  (nodes ?? []).flatMap((node) => ("String" in node ? [node.String.sval ?? ""] : []));

/** The tables that a statement names with ONLY, aliases and the like. */
export const tablesOf = (nodes: readonly Node[] | undefined): RangeVar[] =>
  (nodes ?? []).flatMap((node) => ("RangeVar" in node ? [node.RangeVar] : []));

export const constraintsOf = (column: ColumnDef): Constraint[] =>
  (column.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));

export interface ColumnType {
  name: string;
  /** What stands in brackets after it. */
  modifiers: number[];
}

export function typeOf(type: TypeName | undefined): ColumnType {
  const names = stringsOf(type?.names);
  const array = (type?.arrayBounds?.length ?? 0) > 0 ? "[]" : "";
  const modifiers = (type?.typmods ?? []).flatMap((node) =>
    "A_Const" in node && node.A_Const.ival ? [node.A_Const.ival.ival ?? 0] : [],
  );
  return { name: `${names.at(-1) ?? ""}${array}`, modifiers };
}

/** Names of all functions that are called anywhere in a tree, without their schemas. */
export function callsIn(tree: unknown, found: string[] = []): string[] {
  if (typeof tree !== "object" || tree === null) return found;
  for (const [key, value] of Object.entries(tree)) {
    if (key === "FuncCall") found.push(stringsOf((value as { funcname?: Node[] }).funcname).at(-1) ?? "");
    callsIn(value, found);
  }
  return found;
}
