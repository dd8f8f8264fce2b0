/**
 * In charge of recognising, by the objects in a database, how far a set of files has been applied to it: to the last file
 * after which everything that the files make, and have not taken away again, is there.
 */
import type pg from "pg";
import { MigrationFailure } from "../migration-failure.ts";
import type { MigrationFile } from "../migration-file.ts";
import { readMigrationScript } from "../migration-script.ts";
import { applyNames } from "./named-objects.ts";

export interface Recognised {
  applied: MigrationFile[];
  notes: string[];
}

export async function recogniseFiles(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
): Promise<Recognised> {
  const existing = await readNames(client);
  const expected = new Set<string>();
  let applied = 0;
  let first: { file: MigrationFile; made: string[] } | undefined;
  for (const [index, file] of files.entries()) {
    const before = new Set(expected);
    if (!(await readNamesOf(file, expected))) continue;
    const missing = [...expected].some((name) => !existing.has(name));
    const stays = [...before].some((name) => !expected.has(name) && existing.has(name));
    if (missing || stays) {
      first ??= { file, made: [...expected].filter((name) => !before.has(name)) };
    } else if (expected.size > 0) applied = index + 1;
  }
  const notes = [
    applied === 0
      ? "Nothing of what the files make is there."
      : `Recognised by what is there, up to ${files[applied - 1]!.name}.`,
  ];
  if (first && files.indexOf(first.file) >= applied) notes.push(...partly(first, existing));
  return { applied: files.slice(0, applied), notes };
}

function partly(
  { file, made }: { file: MigrationFile; made: string[] },
  existing: ReadonlySet<string>,
): string[] {
  const there = made.filter((name) => existing.has(name));
  if (there.length === 0) return [];
  const missing = made.filter((name) => !existing.has(name));
  return [
    `${file.name} is there in part: ${there.join(", ")}${missing.length > 0 ? `; not ${missing.join(", ")}` : ""}. If it is applied, say so: --baseline --to ${file.name}.`,
  ];
}

/** False: the file says nothing about names, or cannot be read. */
async function readNamesOf(file: MigrationFile, expected: Set<string>): Promise<boolean> {
  try {
    const { statements } = await readMigrationScript(file);
    return statements.map(({ node }) => applyNames(node, expected)).some(Boolean);
  } catch (error) {
    if (error instanceof MigrationFailure) return false;
    throw error;
  }
}

/** Everything in the database by kind and name, as `applyNames` writes them. */
async function readNames(client: pg.ClientBase): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>({
    text: `
    with spaces as (
      select oid, case nspname when 'public' then '' else quote_ident(nspname) || '.' end as prefix from pg_catalog.pg_namespace
       where nspname !~ '^(pg_|information_schema$|postern$)'
    ), relations as (
      select c.oid, s.prefix || quote_ident(c.relname) as name from pg_catalog.pg_class c join spaces s on s.oid = c.relnamespace
    )
    select 'relation ' || name as name from relations
    union all
    select 'column ' || r.name || '.' || a.attname from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid
     where a.attnum > 0 and not a.attisdropped
    union all
    select 'constraint ' || r.name || '.' || c.conname from relations r join pg_catalog.pg_constraint c on c.conrelid = r.oid
    union all
    select 'trigger ' || r.name || '.' || t.tgname from relations r join pg_catalog.pg_trigger t on t.tgrelid = r.oid
    union all
    select 'policy ' || r.name || '.' || p.polname from relations r join pg_catalog.pg_policy p on p.polrelid = r.oid
    union all
    select 'type ' || s.prefix || quote_ident(t.typname) from pg_catalog.pg_type t join spaces s on s.oid = t.typnamespace
    union all
    select 'value ' || s.prefix || quote_ident(t.typname) || '.' || e.enumlabel
      from pg_catalog.pg_enum e join pg_catalog.pg_type t on t.oid = e.enumtypid join spaces s on s.oid = t.typnamespace
    union all
    select 'function ' || s.prefix || quote_ident(p.proname) from pg_catalog.pg_proc p join spaces s on s.oid = p.pronamespace
    union all
    select 'schema ' || nspname from pg_catalog.pg_namespace
    union all
    select 'extension ' || extname from pg_catalog.pg_extension`,
  });
  return new Set(rows.map(({ name }) => name));
}
