/**
 * In charge of what a migration does to the tables of a database, seen while its transaction is still open: which locks
 * it holds, and which tables were written anew. On a copy, where nobody is kept waiting by that.
 */
import type pg from "pg";

export interface HeldLock {
  /** In full. */
  relation: string;
  /** `AccessExclusiveLock`, …: the strongest that was held. */
  mode: string;
  /** What others cannot do meanwhile. */
  blocks: "reads and writes" | "writes" | "changes of the schema" | "nothing";
}

export interface RelationFile {
  relation: string;
  file: string;
  bytes: number;
}

const strength: readonly string[] = [
  "AccessShareLock",
  "RowShareLock",
  "RowExclusiveLock",
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
];

/** Of the session's own transaction, on what was there before it; the strongest of each relation. */
export async function readHeldLocks(client: pg.ClientBase, known: ReadonlySet<string>): Promise<HeldLock[]> {
  const { rows } = await client.query<{ relation: string; mode: string }>(`
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as relation, l.mode
      from pg_catalog.pg_locks l
      join pg_catalog.pg_class c on c.oid = l.relation
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted and c.relkind in ('r', 'p', 'm')
       and n.nspname !~ '^(pg_|information_schema$|postern$|auth$)'`);
  const strongest = new Map<string, string>();
  for (const { relation, mode } of rows) {
    const before = strongest.get(relation);
    if (known.has(relation) && (before === undefined || strength.indexOf(mode) > strength.indexOf(before)))
      strongest.set(relation, mode);
  }
  return [...strongest]
    .map(([relation, mode]) => ({ relation, mode, blocks: blockedBy(mode) }))
    .sort(
      (a, b) => strength.indexOf(b.mode) - strength.indexOf(a.mode) || a.relation.localeCompare(b.relation),
    );
}

function blockedBy(mode: string): HeldLock["blocks"] {
  if (mode === "AccessExclusiveLock") return "reads and writes";
  if (strength.indexOf(mode) >= strength.indexOf("ShareLock")) return "writes";
  return mode === "ShareUpdateExclusiveLock" ? "changes of the schema" : "nothing";
}

/** Which file holds each table: another one afterwards says that the whole table was written anew. */
export async function readFiles(client: pg.ClientBase): Promise<Map<string, RelationFile>> {
  const { rows } = await client.query<RelationFile>(`
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as relation,
           c.relfilenode::pg_catalog.text as file, pg_catalog.pg_relation_size(c.oid)::float8 as bytes
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^(pg_|information_schema$|postern$|auth$)'`);
  return new Map(rows.map((row) => [row.relation, row]));
}

/** Tables that were there before, in another file now. */
export const rewrittenOf = (
  before: ReadonlyMap<string, RelationFile>,
  after: ReadonlyMap<string, RelationFile>,
): { relation: string; bytes: number }[] =>
  [...before.values()].flatMap(({ relation, file, bytes }) => {
    const now = after.get(relation);
    return now !== undefined && now.file !== file ? [{ relation, bytes }] : [];
  });
