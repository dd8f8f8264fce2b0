/** In charge of turning a JSON value into the text that a column's type reads. */
import type { JsonValue } from "@postern/sdk/protocol";
import { encodeParam } from "../query/encode-params.ts";
import type { Column } from "./relation.ts";

/** Null is SQL's null everywhere. In a column of JSON every other value is itself; in others a text is the value's text. */
export function encodeColumn(
  { kind, elementIsJson, delimiter }: Pick<Column, "kind" | "elementIsJson" | "delimiter">,
  value: JsonValue,
): string | null {
  if (value === null) return null;
  if (kind === "json") return JSON.stringify(value);
  if (kind === "array" && Array.isArray(value)) return encodeList(value, elementIsJson, delimiter);
  return encodeParam(value);
}

function encodeList(values: readonly JsonValue[], elementIsJson: boolean, delimiter: string): string {
  const elements = values.map((value) => {
    if (value === null) return "NULL";
    if (elementIsJson) return quoteElement(JSON.stringify(value));
    if (Array.isArray(value)) return encodeList(value, elementIsJson, delimiter);
    return quoteElement(encodeParam(value)!);
  });
  return `{${elements.join(delimiter)}}`;
}

const quoteElement = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** A list of names as Postgres writes it. */
export const literalList = (names: readonly string[]): string => encodeList(names, false, ",");
