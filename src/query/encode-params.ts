/** In charge of turning the JSON parameters of a request into the text that Postgres reads. */
import type { JsonValue } from "@postern/sdk/protocol";
import type { DataType } from "./data-type.ts";

/** Does the text of this parameter depend on the type that Postgres infers for it? */
export const needsType = (param: JsonValue): boolean => Array.isArray(param);

/**
 * A string is always the text of the value, whatever its type. An array becomes an array literal where an array is
 * wanted, and JSON everywhere else: for json and jsonb, and for types like `vector` that read the same form.
 */
export function encodeParam(param: JsonValue, type?: DataType): string | null {
  if (param === null) return null;
  if (typeof param === "string") return param;
  if (Array.isArray(param) && type?.array) return encodeArray(param, type.array);
  return typeof param === "object" ? JSON.stringify(param) : String(param);
}

function encodeArray(values: readonly JsonValue[], array: NonNullable<DataType["array"]>): string {
  const elements = values.map((value) => {
    if (value === null) return "NULL";
    // An array inside an array is a further dimension, except where the elements are JSON themselves.
    if (Array.isArray(value) && !array.element.isJson) return encodeArray(value, array);
    return quoteElement(encodeParam(value)!);
  });
  return `{${elements.join(array.delimiter)}}`;
}

const quoteElement = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
