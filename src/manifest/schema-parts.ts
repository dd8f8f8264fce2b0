/** In charge of the parts that a JSON Schema is put together from. */

export interface Schema {
  $ref?: string;
  type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  patternProperties?: Record<string, Schema>;
  propertyNames?: { pattern: string };
  items?: Schema;
  minItems?: number;
  minLength?: number;
  enum?: readonly (string | number | boolean)[];
  pattern?: string;
  anyOf?: Schema[];
  /** What is expected, in words; else it is made of the rest. */
  "x-expected"?: string;
  /** Of Compose; Postern does nothing with it. */
  "x-ignored"?: boolean;
  /** Null takes a key away from what is overridden. */
  "x-nullable"?: boolean;
  $schema?: string;
  $id?: string;
  title?: string;
  $defs?: Record<string, Schema>;
}

export const text = (description?: string): Schema => ({
  type: "string",
  ...(description ? { description } : {}),
});
export const anyText: Schema = {
  anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }],
  "x-expected": "a text, a number, true or false",
};
export const list = (items: Schema): Schema => ({ type: "array", items });
export const object = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: "object",
  properties,
  additionalProperties: false,
  ...more,
});
export const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
export const mapOf = (value: Schema, pattern: string, expected: string): Schema => ({
  type: "object",
  additionalProperties: value,
  propertyNames: { pattern },
  "x-expected": expected,
});
