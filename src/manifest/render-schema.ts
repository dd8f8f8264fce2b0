/** In charge of the manifest's JSON Schema as editors load it. */
import { manifestSchema, type Schema } from "./manifest-schema.ts";

export const renderManifestSchema = (): string => `${JSON.stringify(manifestSchema, asEditorsKnow, 2)}\n`;

/** What only Postern's own check reads is left out, or written as JSON Schema has it. */
function asEditorsKnow(key: string, value: unknown): unknown {
  if (key === "x-expected" || key === "x-ignored") return undefined;
  const { "x-nullable": isNullable, ...schema } = (value ?? {}) as Schema;
  if (isNullable !== true) return value;
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    { anyOf: [property, { type: "null" }] },
  ]);
  return { ...schema, properties: Object.fromEntries(properties) };
}
