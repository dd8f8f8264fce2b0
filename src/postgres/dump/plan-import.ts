/**
 * In charge of what of a foreign dump is taken over, and what is left out and why. What depends on the house that it comes
 * from (its roles, its services' own schemas, extensions that are not here) is told of by name, not silently lost.
 */
import type { ArchiveEntry } from "./archive-entries.ts";
import type { TargetFacts } from "./target-facts.ts";

export interface LeftOut {
  /** `extension`, `policy`, `schema`, `event trigger`, … */
  kind: string;
  name: string;
  reason: string;
}

export interface ImportPlan {
  /** Restored in one transaction. */
  content: ArchiveEntry[];
  /** Made afterwards one by one: they name roles and functions of their house. */
  policies: ArchiveEntry[];
  grants: ArchiveEntry[];
  leftOut: LeftOut[];
  /** Owners there; all of it has one owner here. */
  owners: string[];
}

/** Schemas that hosted services keep for themselves; a user's tables are not in them. */
export const hostedSchemas: ReadonlySet<string> = new Set([
  "_analytics",
  "_heroku",
  "_realtime",
  "_supavisor",
  "_timescaledb_cache",
  "_timescaledb_catalog",
  "_timescaledb_config",
  "_timescaledb_internal",
  "auth",
  "cron",
  "graphql",
  "graphql_public",
  "heroku_ext",
  "neon_auth",
  "net",
  "neon",
  "pgbouncer",
  "pgmq",
  "pgsodium",
  "pgsodium_masks",
  "postern",
  "postern_private",
  "realtime",
  "storage",
  "supabase_functions",
  "supabase_migrations",
  "vault",
]);

const needsSuperuser = new Map([
  ["EVENT TRIGGER", "event trigger"],
  ["FOREIGN DATA WRAPPER", "foreign data wrapper"],
  ["SERVER", "foreign server"],
  ["USER MAPPING", "user mapping"],
  ["FOREIGN TABLE", "foreign table"],
  ["PROCEDURAL LANGUAGE", "language"],
  ["ACCESS METHOD", "access method"],
  ["SECURITY LABEL", "security label"],
]);
const replication = /^(?:PUBLICATION|SUBSCRIPTION)/;
const ofWholeDatabase = /^DATABASE/;
/** What the owner of the dump's database says of what is not taken over, or is here already. */
const commentOnOthers =
  /^(?:EXTENSION|DATABASE|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION|SERVER) |^SCHEMA public$/;

export interface ImportWish {
  /** Left out besides; null: what services keep for themselves. */
  excludeSchemas: ReadonlySet<string>;
  /** Only these, where there are any. */
  schemas: ReadonlySet<string>;
}

/** @param wish by default nothing of `hostedSchemas`. */
export function planImport(
  entries: readonly ArchiveEntry[],
  facts: TargetFacts,
  wish: ImportWish = { excludeSchemas: hostedSchemas, schemas: new Set() },
): ImportPlan {
  const plan: ImportPlan = { content: [], policies: [], grants: [], leftOut: [], owners: [] };
  const schemasLeft = new Set<string>();
  const owners = new Set<string>();
  for (const entry of entries) {
    const schema = schemaOf(entry);
    if (schema !== null && isUnwanted(schema, facts, wish)) {
      schemasLeft.add(schema);
      continue;
    }
    const reason = reasonAgainst(entry, facts);
    if (reason === "silent") continue;
    if (reason !== undefined) {
      plan.leftOut.push(reason);
      continue;
    }
    if (entry.kind === "POLICY") plan.policies.push(entry);
    else if (entry.kind === "ACL" || entry.kind === "DEFAULT ACL") plan.grants.push(entry);
    else plan.content.push(entry);
    if (entry.owner !== "") owners.add(entry.owner);
  }
  for (const name of [...schemasLeft].sort()) {
    const kept = facts.reserved.has(name)
      ? "The platform has a schema of this name."
      : "It was not asked for.";
    const hosted = hostedSchemas.has(name) && wish.excludeSchemas.has(name) && !facts.reserved.has(name);
    plan.leftOut.push({
      kind: "schema",
      name,
      reason: hosted ? "A hosted service keeps it for itself; --schema takes it over." : kept,
    });
  }
  plan.owners = [...owners].sort();
  return plan;
}

function schemaOf({ kind, schema, tag }: ArchiveEntry): string | null {
  if (schema !== null) return schema;
  if (kind === "SCHEMA") return tag;
  if (kind === "ACL" || kind === "COMMENT") return /^SCHEMA (.+)$/.exec(tag)?.[1] ?? null;
  return null;
}

function isUnwanted(schema: string, facts: TargetFacts, wish: ImportWish): boolean {
  if (facts.reserved.has(schema)) return true;
  if (wish.schemas.size > 0) return !wish.schemas.has(schema);
  return wish.excludeSchemas.has(schema);
}

function reasonAgainst(entry: ArchiveEntry, facts: TargetFacts): LeftOut | "silent" | undefined {
  const { kind, tag } = entry;
  if (ofWholeDatabase.test(kind)) return "silent";
  if (kind === "SCHEMA") return facts.schemas.has(tag) ? "silent" : undefined;
  if (kind === "COMMENT" && commentOnOthers.test(tag.trim())) return "silent";
  if (kind === "EXTENSION") return reasonAgainstExtension(tag.trim(), facts);
  if (replication.test(kind))
    return kind.includes("TABLE")
      ? "silent"
      : { kind: kind.toLowerCase(), name: tag, reason: "Replication is set up anew on each server." };
  const privileged = needsSuperuser.get(kind);
  if (privileged !== undefined && !facts.superuser)
    return { kind: privileged, name: tag, reason: "Only a superuser may make it." };
  return undefined;
}

export function reasonAgainstExtension(name: string, facts: TargetFacts): LeftOut | undefined {
  if (facts.extensions.has(name)) return undefined;
  const reason = facts.untrusted.has(name)
    ? "Only a superuser may install it."
    : "The server does not have it.";
  return { kind: "extension", name, reason };
}
