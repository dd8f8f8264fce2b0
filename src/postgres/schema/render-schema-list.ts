/** In charge of a schema as a person reads it: tables with their columns, indexes and policies, then the rest. */
import { compareSchemas } from "./compare-schemas.ts";
import type { SchemaObject } from "./read-schema.ts";
import { renderSchemaChanges } from "./render-schema-changes.ts";

/** What would have to be added to nothing, without the signs that say so. */
export const renderSchemaList = (objects: readonly SchemaObject[]): string[] =>
  renderSchemaChanges(compareSchemas([], objects)).map((line) => line.replace(/^(\s*)\+ /, "$1"));
