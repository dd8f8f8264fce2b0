/** In charge of the names that a statement makes, takes away or changes: `table users`, `column users.email`. Pure. */
import type { AlterTableStmt, DropStmt, Node, RangeVar, RenameStmt } from "libpg-query";
import { keyOf, keyOfNames, stringsOf } from "../lint/parse-nodes.ts";

/** Changes what is there as the statement would. Returns whether it says anything about names. */
export function applyNames(node: Node, there: Set<string>): boolean {
  const made = madeBy(node);
  for (const name of made) there.add(name);
  if ("AlterTableStmt" in node) return changeTable(node.AlterTableStmt, there) || made.length > 0;
  if ("DropStmt" in node) return dropNames(node.DropStmt, there);
  if ("RenameStmt" in node) return renameNames(node.RenameStmt, there);
  return made.length > 0;
}

function madeBy(node: Node): string[] {
  if ("CreateStmt" in node) {
    const { relation, tableElts } = node.CreateStmt;
    if (relation?.relpersistence === "t") return [];
    const table = keyOf(relation ?? {});
    const columns = (tableElts ?? []).flatMap((element) =>
      "ColumnDef" in element ? [`column ${table}.${element.ColumnDef.colname}`] : [],
    );
    return [`relation ${table}`, ...columns];
  }
  if ("CreateTableAsStmt" in node) return relation(node.CreateTableAsStmt.into?.rel);
  if ("ViewStmt" in node) return relation(node.ViewStmt.view);
  if ("CreateSeqStmt" in node) return relation(node.CreateSeqStmt.sequence);
  if ("IndexStmt" in node) {
    const { idxname: relname, relation: table } = node.IndexStmt;
    return relname ? [`relation ${keyOf({ schemaname: table?.schemaname, relname })}`] : [];
  }
  if ("CreateEnumStmt" in node) return [`type ${keyOfNames(stringsOf(node.CreateEnumStmt.typeName))}`];
  if ("CreateDomainStmt" in node) return [`type ${keyOfNames(stringsOf(node.CreateDomainStmt.domainname))}`];
  if ("CompositeTypeStmt" in node) return [`type ${keyOf(node.CompositeTypeStmt.typevar ?? {})}`];
  if ("AlterEnumStmt" in node && !node.AlterEnumStmt.oldVal)
    return [`value ${keyOfNames(stringsOf(node.AlterEnumStmt.typeName))}.${node.AlterEnumStmt.newVal}`];
  if ("CreateFunctionStmt" in node)
    return [`function ${keyOfNames(stringsOf(node.CreateFunctionStmt.funcname))}`];
  if ("CreateTrigStmt" in node)
    return [`trigger ${keyOf(node.CreateTrigStmt.relation ?? {})}.${node.CreateTrigStmt.trigname}`];
  if ("CreatePolicyStmt" in node)
    return [`policy ${keyOf(node.CreatePolicyStmt.table ?? {})}.${node.CreatePolicyStmt.policy_name}`];
  if ("CreateSchemaStmt" in node) return [`schema ${node.CreateSchemaStmt.schemaname}`];
  return "CreateExtensionStmt" in node ? [`extension ${node.CreateExtensionStmt.extname}`] : [];
}

const relation = (range: RangeVar | undefined): string[] =>
  range && range.relpersistence !== "t" ? [`relation ${keyOf(range)}`] : [];

function changeTable({ relation, cmds = [] }: AlterTableStmt, there: Set<string>): boolean {
  const table = keyOf(relation ?? {});
  let named = false;
  for (const command of cmds) {
    if (!("AlterTableCmd" in command)) continue;
    const { subtype, name, def } = command.AlterTableCmd;
    const column = def && "ColumnDef" in def ? def.ColumnDef.colname : undefined;
    const constraint = def && "Constraint" in def ? def.Constraint.conname : undefined;
    if (subtype === "AT_AddColumn") there.add(`column ${table}.${column}`);
    else if (subtype === "AT_DropColumn") there.delete(`column ${table}.${name}`);
    else if (subtype === "AT_AddConstraint" && constraint) there.add(`constraint ${table}.${constraint}`);
    else if (subtype === "AT_DropConstraint") there.delete(`constraint ${table}.${name}`);
    else continue;
    named = true;
  }
  return named;
}

const kinds: Partial<Record<NonNullable<DropStmt["removeType"]>, string>> = {
  OBJECT_TABLE: "relation",
  OBJECT_VIEW: "relation",
  OBJECT_MATVIEW: "relation",
  OBJECT_INDEX: "relation",
  OBJECT_SEQUENCE: "relation",
  OBJECT_TYPE: "type",
  OBJECT_DOMAIN: "type",
  OBJECT_FUNCTION: "function",
  OBJECT_TRIGGER: "trigger",
  OBJECT_POLICY: "policy",
  OBJECT_SCHEMA: "schema",
  OBJECT_EXTENSION: "extension",
};

function dropNames({ removeType, objects = [] }: DropStmt, there: Set<string>): boolean {
  const kind = removeType && kinds[removeType];
  if (kind === undefined) return false;
  for (const object of objects) {
    const names = namesOf(object);
    const last = names.at(-1)!;
    const part = kind === "trigger" || kind === "policy";
    const key = part ? `${keyOfNames(names.slice(0, -1))}.${last}` : keyOfNames(names);
    there.delete(`${kind} ${key}`);
    if (removeType === "OBJECT_TABLE") for (const name of there) if (partOf(name, key)) there.delete(name);
  }
  return true;
}

const partOf = (name: string, table: string): boolean =>
  /^(?:column|constraint|trigger|policy) /.test(name) && name.split(" ")[1]!.startsWith(`${table}.`);

function namesOf(object: Node): string[] {
  if ("List" in object) return stringsOf(object.List.items);
  if ("TypeName" in object) return stringsOf(object.TypeName.names);
  if ("ObjectWithArgs" in object) return stringsOf(object.ObjectWithArgs.objname);
  return "String" in object ? [object.String.sval ?? ""] : [""];
}

function renameNames({ renameType, relation, subname, newname }: RenameStmt, there: Set<string>): boolean {
  const table = keyOf(relation ?? {});
  if (renameType === "OBJECT_COLUMN" && relation) {
    if (there.delete(`column ${table}.${subname}`)) there.add(`column ${table}.${newname}`);
    return true;
  }
  if (!relation || !newname || !/^OBJECT_(?:TABLE|VIEW|MATVIEW|INDEX|SEQUENCE)$/.test(renameType ?? ""))
    return false;
  const after = keyOf({ schemaname: relation.schemaname, relname: newname });
  if (there.delete(`relation ${table}`)) there.add(`relation ${after}`);
  for (const name of there) {
    if (!partOf(name, table)) continue;
    there.delete(name);
    there.add(name.replace(` ${table}.`, ` ${after}.`));
  }
  return true;
}
