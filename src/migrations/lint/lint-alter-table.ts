/** In charge of what ALTER TABLE does to a table that is in use: whom it keeps waiting, what it loses, when it fails. */
import type { AlterTableCmd, Node } from "libpg-query";
import { lintAddedColumn } from "./lint-added-column.ts";
import { lintAddedConstraint } from "./lint-added-constraint.ts";
import type { LintDraft } from "./lint-rules.ts";
import { type ColumnType, keyOf, typeOf } from "./parse-nodes.ts";
import type { SchemaMemory } from "./schema-memory.ts";

/** One command of an ALTER TABLE, and what is known about its table. */
export interface TableChange {
  table: string;
  command: AlterTableCmd;
  memory: SchemaMemory;
  /** Does the file run in one transaction? */
  inTransaction: boolean;
}

export function lintAlterTable(node: Node, memory: SchemaMemory, inTransaction: boolean): LintDraft[] {
  if (!("AlterTableStmt" in node) || node.AlterTableStmt.objtype !== "OBJECT_TABLE") return [];
  const table = keyOf(node.AlterTableStmt.relation ?? {});
  if (memory.isNew(table)) return [];
  return (node.AlterTableStmt.cmds ?? []).flatMap((command) =>
    "AlterTableCmd" in command
      ? lintCommand({ table, command: command.AlterTableCmd, memory, inTransaction })
      : [],
  );
}

function lintCommand(change: TableChange): LintDraft[] {
  const { table, command } = change;
  const { subtype, name, def } = command;
  switch (subtype) {
    case "AT_AddColumn":
      return def && "ColumnDef" in def ? lintAddedColumn(table, def.ColumnDef) : [];
    case "AT_AddConstraint":
      return def && "Constraint" in def ? lintAddedConstraint(table, def.Constraint) : [];
    case "AT_ValidateConstraint":
      return lintValidation(change);
    case "AT_SetNotNull":
      return lintNotNull(change);
    case "AT_AlterColumnType":
      return lintTypeChange(change);
    case "AT_DropColumn":
      return [
        {
          rule: "drop_column",
          what: `Drops column ${name} of ${table}.`,
          safeWay: `Release programs that do not name ${name} first, keep a backup, then drop it in a later migration.`,
        },
      ];
    case "AT_SetLogged":
    case "AT_SetUnLogged":
    case "AT_SetTableSpace":
    case "AT_SetAccessMethod":
    case "AT_SetExpression":
      return [
        {
          rule: "table_rewrite",
          what: `Writes ${table} anew.`,
          safeWay: "Do it while nobody uses the table, or fill a new table in batches and swap the names.",
        },
      ];
    case "AT_DisableRowSecurity":
      return [
        {
          rule: "row_security_off",
          what: `Turns row security of ${table} off.`,
          safeWay: `Leave it on and change the policies: ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY.`,
        },
      ];
    default:
      return [];
  }
}

function lintValidation({ table, command, memory, inTransaction }: TableChange): LintDraft[] {
  if (!inTransaction || !memory.unvalidated.has(`${table}.${command.name}`)) return [];
  return [
    {
      rule: "validate_in_same_transaction",
      what: `Validates ${command.name} in the file that adds it.`,
      safeWay: `Put VALIDATE CONSTRAINT ${command.name} into the next migration.`,
    },
  ];
}

/** A CHECK that says the same and is valid makes the server skip its look at the rows. */
function lintNotNull({ table, command, memory }: TableChange): LintDraft[] {
  const column = command.name ?? "";
  if (memory.checkedNotNull.has(`${table}.${column}`)) return [];
  return [
    {
      rule: "set_not_null",
      what: `Makes ${column} of ${table} NOT NULL.`,
      safeWay: [
        `ALTER TABLE ${table} ADD CONSTRAINT ${column}_not_null CHECK (${column} IS NOT NULL) NOT VALID;`,
        `-- in the next migration:\nALTER TABLE ${table} VALIDATE CONSTRAINT ${column}_not_null;`,
        `ALTER TABLE ${table} ALTER ${column} SET NOT NULL;\nALTER TABLE ${table} DROP CONSTRAINT ${column}_not_null;`,
      ].join("\n"),
    },
  ];
}

function lintTypeChange({ table, command, memory }: TableChange): LintDraft[] {
  const { name: column = "", def } = command;
  if (!def || !("ColumnDef" in def)) return [];
  const before = memory.columnTypes.get(`${table}.${column}`);
  const after = typeOf(def.ColumnDef.typeName);
  if (before && !def.ColumnDef.raw_default && keepsItsBytes(before, after)) return [];
  return [
    {
      rule: "column_type_change",
      at: def.ColumnDef.location,
      what: `Changes the type of ${column} of ${table} to ${after.name}.`,
      safeWay: `Add a new column of the type, fill it in batches, let programs write both, then switch and drop ${column}.`,
    },
  ];
}

/** Text that only becomes longer, as the server knows it: no row is touched. */
function keepsItsBytes(before: ColumnType, after: ColumnType): boolean {
  if (before.name !== "varchar" && before.name !== "text")
    return before.name === after.name && String(before.modifiers) === String(after.modifiers);
  if (after.name === "text") return true;
  if (after.name !== "varchar") return false;
  const [length = Number.POSITIVE_INFINITY] = after.modifiers;
  const [lengthBefore = Number.POSITIVE_INFINITY] = before.name === "text" ? [] : before.modifiers;
  return length >= lengthBefore;
}
