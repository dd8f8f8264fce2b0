/** In charge of what a migration file is: its name, its text, its checksum, and the order that names are applied in. */
import { createHash } from "node:crypto";
import type { MigrationFileBody } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";

export interface MigrationFile {
  name: string;
  sql: string;
  /** SHA-256 of the file's bytes, hex. */
  checksum: string;
}

const sendableName = /^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,250}\.sql$/u;

/** @throws Y5004 */
export function migrationFile(name: string, sql: string): MigrationFile {
  if (!sendableName.test(name)) {
    throw posternError("Y5004", `"${name}" is no name of a migration.`, {
      hint: "Use letters, digits, `_`, `-` and `.`, ending in `.sql`, for example 001_create_users.sql.",
    });
  }
  return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
}

/** Files as a client sent them, in the order in which they are applied. @throws Y5004 */
export function readMigrationBodies(bodies: readonly MigrationFileBody[]): MigrationFile[] {
  const files = bodies.map(({ name, sql }) => migrationFile(name, sql)).sort(byName);
  const twice = files.find((file, index) => file.name === files[index - 1]?.name);
  if (twice) throw posternError("Y5004", `Two migrations are called ${twice.name}.`);
  return files;
}

/** Byte order of the names' UTF-8: the same on every machine, whatever its language. */
export function byName(a: { name: string }, b: { name: string }): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}
