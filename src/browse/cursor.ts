/** In charge of the place in a sorted table behind which the next page begins: the values of what is sorted by. */
import { posternError } from "../base/error.ts";

export type Cursor = (string | null)[];

interface Sorted {
  expression: string;
  direction: "asc" | "desc";
}

/** It counts for the order that it was made in. */
const orderOf = (terms: readonly Sorted[]): string =>
  terms.map(({ expression, direction }) => `${expression} ${direction}`).join(", ");

/** Longer ones would not fit where they are kept; then only counting rows off leads on. */
const mostCharacters = 4_000;

export function encodeCursor(terms: readonly Sorted[], values: readonly (string | null)[]): string | null {
  const text = JSON.stringify([orderOf(terms), ...values]);
  return text.length > mostCharacters ? null : Buffer.from(text).toString("base64url");
}

/** @throws Y1102 */
export function readCursor(text: string, terms: readonly Sorted[]): Cursor {
  const [order, ...values] = parse(text);
  const fits =
    order === orderOf(terms) &&
    values.length === terms.length &&
    values.every((value) => value === null || typeof value === "string");
  if (fits) return values as Cursor;
  throw posternError("Y1102", "This is no place in the table as it is sorted now.", {
    hint: "Begin with the first page: an order that changed has other places.",
  });
}

function parse(text: string): unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}
