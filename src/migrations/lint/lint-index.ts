/** In charge of indexes and materialized views that are built while others work. */
import type { IndexStmt, Node, ReindexStmt } from "libpg-query";
import { readableIdentifier } from "../../postgres/readable-identifier.ts";
import type { LintDraft } from "./lint-rules.ts";
import { keyOf, keyOfNames, stringsOf } from "./parse-nodes.ts";
import type { SchemaMemory } from "./schema-memory.ts";

export function lintIndex(node: Node, memory: SchemaMemory): LintDraft[] {
  if ("IndexStmt" in node) return lintCreated(node.IndexStmt, memory);
  if ("ReindexStmt" in node) return lintReindex(node.ReindexStmt, memory);
  if ("DropStmt" in node && node.DropStmt.removeType === "OBJECT_INDEX" && !node.DropStmt.concurrent) {
    return (node.DropStmt.objects ?? []).flatMap((object) => {
      const name = "List" in object ? keyOfNames(stringsOf(object.List.items)) : "";
      return {
        rule: "index_drop_not_concurrent",
        what: `Drops index ${name}.`,
        safeWay: `DROP INDEX CONCURRENTLY ${name};`,
      };
    });
  }
  if ("RefreshMatViewStmt" in node && !node.RefreshMatViewStmt.concurrent) {
    const view = keyOf(node.RefreshMatViewStmt.relation ?? {});
    if (memory.isNew(view) || node.RefreshMatViewStmt.skipData) return [];
    return [
      {
        rule: "refresh_not_concurrent",
        what: `Fills ${view} again.`,
        safeWay: `REFRESH MATERIALIZED VIEW CONCURRENTLY ${view}; which wants a unique index on it.`,
      },
    ];
  }
  return [];
}

function lintCreated(
  { relation, concurrent, unique, idxname }: IndexStmt,
  memory: SchemaMemory,
): LintDraft[] {
  const table = keyOf(relation ?? {});
  if (memory.isNew(table)) return [];
  const name = idxname ? ` ${readableIdentifier(idxname)}` : "";
  const drafts: LintDraft[] = [];
  if (!concurrent) {
    drafts.push({
      rule: "index_not_concurrent",
      what: `Builds index${name} on ${table}.`,
      safeWay: `CREATE ${unique ? "UNIQUE " : ""}INDEX CONCURRENTLY${name} ON ${table} (…); in a file of its own.`,
    });
  }
  if (unique) {
    drafts.push({
      rule: "unique_on_existing",
      what: `Wants each value of index${name} on ${table} only once.`,
      safeWay:
        "Look for values that are there twice and mend them in a migration before it: SELECT …, count(*) FROM … GROUP BY … HAVING count(*) > 1;",
    });
  }
  return drafts;
}

function lintReindex({ kind, relation, name, params }: ReindexStmt, memory: SchemaMemory): LintDraft[] {
  const concurrently = params?.some(
    (option) => "DefElem" in option && option.DefElem.defname === "concurrently",
  );
  const what = relation ? keyOf(relation) : (name ?? "the database");
  if (concurrently || memory.isNew(what)) return [];
  const word = kind?.replace("REINDEX_OBJECT_", "") ?? "TABLE";
  return [
    {
      rule: "reindex_not_concurrent",
      what: `Builds indexes of ${what} again.`,
      safeWay: `REINDEX ${word} CONCURRENTLY ${what};`,
    },
  ];
}
