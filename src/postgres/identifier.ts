/** In charge of names and texts inside SQL that cannot be parameters. */
import pg from "pg";

/** `order items` → `"order items"`. */
export const quoteIdentifier = (name: string): string => pg.escapeIdentifier(name);

/** `O'Hara` → `'O''Hara'`. */
export const quoteLiteral = (text: string): string => pg.escapeLiteral(text);

/** `["app", "users"]` → `"app"."users"`. */
export const quoteQualified = (parts: readonly string[]): string => parts.map(quoteIdentifier).join(".");
