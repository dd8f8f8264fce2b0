/**
 * In charge of what the files before a statement say about the schema: which tables are new, so that nobody can be kept
 * waiting for them, what types columns have, which tables have row security. Known from the files alone.
 */
import type { Constraint, CreateStmt, Node } from "libpg-query";
import {
  type ColumnType,
  constraintsOf,
  keyOf,
  keyOfNames,
  stringsOf,
  tablesOf,
  typeOf,
} from "./parse-nodes.ts";

export class SchemaMemory {
  /** Made by the file that is read. */
  readonly newTables = new Set<string>();
  /** Constraints that the file added NOT VALID: `table.name`. */
  readonly unvalidated = new Set<string>();
  /** By `table.column`. */
  readonly columnTypes = new Map<string, ColumnType>();
  /** `table.column` that a valid CHECK says is not null. */
  readonly checkedNotNull = new Set<string>();
  /** `table.constraint` of those that are not valid yet, and the `table.column` that each is about. */
  readonly #promisedNotNull = new Map<string, string>();
  readonly withRowSecurity = new Set<string>();
  /** All that the files make and do not drop. */
  readonly tables = new Set<string>();
  /** Tables that will be made are granted to clients at once. */
  openByDefault = false;

  beginFile(): void {
    this.newTables.clear();
    this.unvalidated.clear();
  }

  isNew(table: string): boolean {
    return this.newTables.has(table);
  }

  /** Called after a statement was looked at. */
  learn(node: Node): void {
    if ("CreateStmt" in node) this.#learnTable(node.CreateStmt);
    if ("CreateTableAsStmt" in node) this.newTables.add(keyOf(node.CreateTableAsStmt.into?.rel ?? {}));
    if ("SelectStmt" in node && node.SelectStmt.intoClause?.rel)
      this.newTables.add(keyOf(node.SelectStmt.intoClause.rel));
    if ("DropStmt" in node && node.DropStmt.removeType === "OBJECT_TABLE")
      for (const object of node.DropStmt.objects ?? [])
        if ("List" in object) this.#forget(keyOfNames(stringsOf(object.List.items)));
    if ("RenameStmt" in node && node.RenameStmt.renameType === "OBJECT_TABLE") {
      const { relation = {}, newname: relname } = node.RenameStmt;
      if (relname) this.#rename(keyOf(relation), keyOf({ ...relation, relname }));
    }
    if ("AlterTableStmt" in node) this.#learnChanges(keyOf(node.AlterTableStmt.relation ?? {}), node);
  }

  #forget(table: string): void {
    for (const set of [this.newTables, this.tables, this.withRowSecurity]) set.delete(table);
  }

  #rename(from: string, to: string): void {
    for (const set of [this.newTables, this.tables, this.withRowSecurity]) if (set.delete(from)) set.add(to);
  }

  #learnTable({ relation, tableElts, if_not_exists }: CreateStmt): void {
    const table = keyOf(relation ?? {});
    // With IF NOT EXISTS it may be an old one, but a file that makes a table mostly is the one that does.
    this.newTables.add(table);
    if (relation?.relpersistence !== "t") this.tables.add(table);
    if (!if_not_exists) this.withRowSecurity.delete(table);
    for (const element of tableElts ?? []) {
      if (!("ColumnDef" in element)) continue;
      const column = element.ColumnDef;
      this.columnTypes.set(`${table}.${column.colname}`, typeOf(column.typeName));
      for (const constraint of constraintsOf(column)) this.#learnCheck(table, constraint);
    }
  }

  #learnChanges(table: string, node: Extract<Node, { AlterTableStmt: unknown }>): void {
    for (const command of node.AlterTableStmt.cmds ?? []) {
      if (!("AlterTableCmd" in command)) continue;
      const { subtype, name, def } = command.AlterTableCmd;
      const promised = this.#promisedNotNull.get(`${table}.${name}`);
      if (subtype === "AT_ValidateConstraint" && promised) this.checkedNotNull.add(promised);
      if (subtype === "AT_EnableRowSecurity") this.withRowSecurity.add(table);
      if (subtype === "AT_DisableRowSecurity") this.withRowSecurity.delete(table);
      if (def && "ColumnDef" in def)
        this.columnTypes.set(`${table}.${name ?? def.ColumnDef.colname}`, typeOf(def.ColumnDef.typeName));
      if (!def || !("Constraint" in def)) continue;
      if (def.Constraint.skip_validation) this.unvalidated.add(`${table}.${def.Constraint.conname}`);
      this.#learnCheck(table, def.Constraint);
    }
  }

  #learnCheck(table: string, constraint: Constraint): void {
    const { contype, raw_expr: expression, conname, skip_validation: unvalidated } = constraint;
    if (contype !== "CONSTR_CHECK" || !expression || !("NullTest" in expression)) return;
    const { arg, nulltesttype } = expression.NullTest;
    if (nulltesttype !== "IS_NOT_NULL" || !arg || !("ColumnRef" in arg)) return;
    const column = `${table}.${stringsOf(arg.ColumnRef.fields).at(-1)}`;
    if (unvalidated) this.#promisedNotNull.set(`${table}.${conname}`, column);
    else this.checkedNotNull.add(column);
  }
}

/** Tables that a statement names in a list of its own, that were there before the file. */
export const oldTablesIn = (nodes: readonly Node[] | undefined, memory: SchemaMemory): string[] =>
  tablesOf(nodes)
    .map(keyOf)
    .filter((table) => !memory.isNew(table));
