/** In charge of the name of a new migration: after all others, numbered where they are numbered, else the time. */
import { posternError } from "../base/error.ts";

/** `004_add_tags.sql` among numbered files, else `20260412142200_add_tags.sql`. @throws Y5004 */
export function nextMigrationName(description: string, existing: readonly string[], now: Date): string {
  const words = description
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "_");
  if (!/^[a-z0-9_]{1,100}$/.test(words) || !/[a-z0-9]/.test(words)) {
    throw posternError("Y5004", `"${description}" cannot be the name of a migration.`, {
      hint: "Use letters from a to z, digits and `_`, for example add_tags.",
    });
  }
  return `${nextPrefix(existing, now)}_${words}.sql`;
}

function nextPrefix(existing: readonly string[], now: Date): string {
  const prefixes = existing
    .map((name) => /^(\d+)_.*\.sql$/.exec(name)?.[1])
    .filter((prefix) => prefix !== undefined);
  const last = prefixes.reduce((a, b) => (BigInt(b) > BigInt(a) ? b : a), "0");
  if (prefixes.length > 0 && last.length < 14) return String(BigInt(last) + 1n).padStart(last.length, "0");
  // Two within a second, or a clock that was ahead: the new one still comes last.
  const stamp = now.toISOString().replace(/\D/g, "").slice(0, 14);
  return stamp > last ? stamp : String(BigInt(last) + 1n);
}
