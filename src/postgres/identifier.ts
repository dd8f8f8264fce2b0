/** In charge of names inside SQL, which cannot be parameters. */
import pg from "pg";

/** `order items` → `"order items"`. */
export const quoteIdentifier = (name: string): string => pg.escapeIdentifier(name);

/** `["app", "users"]` → `"app"."users"`. */
export const quoteQualified = (parts: readonly string[]): string => parts.map(quoteIdentifier).join(".");
