/** In charge of what takes data away, or touches every row, or takes a name away from programs that run. */
import type { DropStmt, Node } from "libpg-query";
import type { LintDraft } from "./lint-rules.ts";
import { keyOf, keyOfNames, stringsOf } from "./parse-nodes.ts";
import { oldTablesIn, type SchemaMemory } from "./schema-memory.ts";

export function lintLoss(node: Node, memory: SchemaMemory): LintDraft[] {
  if ("DropStmt" in node) return lintDrop(node.DropStmt, memory);
  if ("TruncateStmt" in node) {
    return oldTablesIn(node.TruncateStmt.relations, memory).map((table) => ({
      rule: "truncate",
      what: `Takes all rows out of ${table}.`,
      safeWay:
        "Take a backup first (`postern db backup create`), and say in an allowance why nobody needs the rows.",
    }));
  }
  if ("RenameStmt" in node) return lintRename(node.RenameStmt, memory);
  if ("DeleteStmt" in node) {
    const table = keyOf(node.DeleteStmt.relation ?? {});
    if (node.DeleteStmt.whereClause || memory.isNew(table)) return [];
    return [
      {
        rule: "delete_all_rows",
        what: `Deletes every row of ${table}.`,
        safeWay: `Say which rows: DELETE FROM ${table} WHERE …;`,
      },
    ];
  }
  if ("UpdateStmt" in node) {
    const table = keyOf(node.UpdateStmt.relation ?? {});
    if (node.UpdateStmt.whereClause || memory.isNew(table)) return [];
    return [
      {
        rule: "update_all_rows",
        what: `Changes every row of ${table}.`,
        safeWay: `In batches, outside of the migration: UPDATE ${table} SET … WHERE id BETWEEN … AND …; or say which rows need it.`,
      },
    ];
  }
  return [];
}

const droppable: Partial<Record<NonNullable<DropStmt["removeType"]>, "drop_table" | "drop_schema">> = {
  OBJECT_TABLE: "drop_table",
  OBJECT_MATVIEW: "drop_table",
  OBJECT_FOREIGN_TABLE: "drop_table",
  OBJECT_SCHEMA: "drop_schema",
};

function lintDrop({ objects = [], removeType, behavior }: DropStmt, memory: SchemaMemory): LintDraft[] {
  const names = objects.map((object) => {
    if ("List" in object) return keyOfNames(stringsOf(object.List.items));
    return "String" in object ? (object.String.sval ?? "") : "";
  });
  const old = names.filter((name) => !memory.isNew(name));
  const rule = removeType && droppable[removeType];
  const word = wordOf(removeType);
  const drafts = old.flatMap((name): LintDraft[] => {
    if (rule === "drop_schema") {
      return [
        {
          rule,
          what: `Drops schema ${name}.`,
          safeWay: "Drop what is in it by name, so that nothing goes that nobody thought of.",
        },
      ];
    }
    if (rule !== "drop_table") return [];
    return [
      {
        rule,
        what: `Drops ${word} ${name}.`,
        safeWay: `Release programs that do not use it first, keep a backup (\`postern db backup create\`), then drop it in a later migration.`,
      },
    ];
  });
  if (behavior === "DROP_CASCADE" && old.length > 0) {
    drafts.push({
      rule: "drop_cascade",
      what: `Drops ${word} ${old.join(", ")} and whatever depends on it.`,
      safeWay: "Drop what depends on it by name, then it without CASCADE.",
    });
  }
  return drafts;
}

const wordOf = (kind: string | undefined): string =>
  kind === "OBJECT_MATVIEW"
    ? "materialized view"
    : (kind ?? "").replace("OBJECT_", "").toLowerCase().replaceAll("_", " ");

function lintRename(
  { relation, renameType, subname, newname }: Extract<Node, { RenameStmt: unknown }>["RenameStmt"],
  memory: SchemaMemory,
): LintDraft[] {
  const table = keyOf(relation ?? {});
  if (memory.isNew(table)) return [];
  if (renameType === "OBJECT_TABLE") {
    return [
      {
        rule: "rename",
        what: `Renames table ${table} to ${newname}.`,
        safeWay: `In the same file, leave a view under the old name: CREATE VIEW ${table} AS SELECT * FROM ${newname}; and drop it when nobody asks for it.`,
      },
    ];
  }
  if (renameType !== "OBJECT_COLUMN") return [];
  return [
    {
      rule: "rename",
      what: `Renames column ${subname} of ${table} to ${newname}.`,
      safeWay: `Add ${newname}, let programs write both and read the new one, then drop ${subname}.`,
    },
  ];
}
