/** In charge of locks that a file takes: how long it may wait for them, and those it takes by name. */
import type {
  AlterTableCmd,
  AlterTableStmt,
  CreateStmt,
  DropStmt,
  Node,
  RangeVar,
  RenameStmt,
  TruncateStmt,
} from "libpg-query";
import type { Statement } from "../../postgres/split-statements.ts";
import type { LintDraft } from "./lint-rules.ts";
import { constraintsOf, keyOf, keyOfNames, stringsOf } from "./parse-nodes.ts";
import { oldTablesIn, type SchemaMemory } from "./schema-memory.ts";

/** From SHARE on they keep writers out; the numbers are the server's own. */
const shareLock = 5;

export function lintLocks(node: Node, memory: SchemaMemory): LintDraft[] {
  if ("LockStmt" in node) {
    if ((node.LockStmt.mode ?? 0) < shareLock) return [];
    return oldTablesIn(node.LockStmt.relations, memory).map((table) => ({
      rule: "lock_table",
      what: `Locks ${table}.`,
      safeWay: "Lock the rows that matter: SELECT … FOR UPDATE; or let the statements take what they need.",
    }));
  }
  if ("ClusterStmt" in node && node.ClusterStmt.relation) {
    const table = keyOf(node.ClusterStmt.relation);
    return memory.isNew(table) ? [] : [rewrite(`Orders the rows of ${table} by an index.`)];
  }
  if ("VacuumStmt" in node && node.VacuumStmt.is_vacuumcmd) {
    const full = node.VacuumStmt.options?.some(
      (option) => "DefElem" in option && option.DefElem.defname === "full",
    );
    return full ? [rewrite("Packs tables by VACUUM FULL.")] : [];
  }
  return [];
}

const rewrite = (what: string): LintDraft => ({
  rule: "table_rewrite",
  what,
  safeWay: "Do it while nobody uses the table, outside of the migrations.",
});

/** Does the statement set how long a lock is waited for? */
export const setsLockTimeout = ({ node }: Statement): boolean =>
  "VariableSetStmt" in node &&
  node.VariableSetStmt.name === "lock_timeout" &&
  node.VariableSetStmt.kind === "VAR_SET_VALUE";

export function lintLockTimeout(node: Node, memory: SchemaMemory): LintDraft[] {
  const table = lockedTable(node, memory);
  if (table === undefined) return [];
  return [
    {
      rule: "lock_timeout_missing",
      what: `Waits for a lock on ${table} without an end.`,
      safeWay:
        "Begin the file with SET lock_timeout = '5s'; or run `postern db migrate --lock-timeout 5s`, which tries again.",
    },
  ];
}

/** A table that was there before, on which the statement takes a lock that keeps readers or writers out. */
function lockedTable(node: Node, memory: SchemaMemory): string | undefined {
  return namedTables(node).find((table) => !memory.isNew(table));
}

function namedTables(node: Node): string[] {
  if ("AlterTableStmt" in node) return altered(node.AlterTableStmt);
  if ("CreateStmt" in node) return referenced(node.CreateStmt);
  if ("TruncateStmt" in node) return truncated(node.TruncateStmt);
  if ("RenameStmt" in node) return renamed(node.RenameStmt);
  if ("DropStmt" in node) return droppedFrom(node.DropStmt);
  const table = tableOf(node);
  return table ? [keyOf(table)] : [];
}

/** Of statements that lock the one table that they name. */
function tableOf(node: Node): RangeVar | undefined {
  if ("IndexStmt" in node) return node.IndexStmt.concurrent ? undefined : node.IndexStmt.relation;
  if ("CreateTrigStmt" in node) return node.CreateTrigStmt.relation;
  if ("RuleStmt" in node) return node.RuleStmt.relation;
  if ("CreatePolicyStmt" in node) return node.CreatePolicyStmt.table;
  if ("AlterPolicyStmt" in node) return node.AlterPolicyStmt.table;
  return undefined;
}

function altered({ cmds = [], objtype, relation }: AlterTableStmt): string[] {
  const isStrong = cmds.some((command) => "AlterTableCmd" in command && !isMild(command.AlterTableCmd));
  return isStrong && objtype === "OBJECT_TABLE" && relation ? [keyOf(relation)] : [];
}

const truncated = ({ relations = [] }: TruncateStmt): string[] =>
  relations.flatMap((table) => ("RangeVar" in table ? [keyOf(table.RangeVar)] : []));

const renamed = ({ renameType, relation }: RenameStmt): string[] =>
  relation && /TABLE|COLUMN|TABCONSTRAINT|TRIGGER|POLICY/.test(renameType ?? "") ? [keyOf(relation)] : [];

/** Those that take SHARE UPDATE EXCLUSIVE only, beside which everyone reads and writes. */
const isMild = ({ subtype }: AlterTableCmd): boolean =>
  [
    "AT_ValidateConstraint",
    "AT_SetStatistics",
    "AT_SetRelOptions",
    "AT_ResetRelOptions",
    "AT_AttachPartition",
  ].includes(subtype ?? "");

/** A foreign key takes a lock on the other table as well. */
function referenced({ tableElts }: CreateStmt): string[] {
  return (tableElts ?? []).flatMap((element) => {
    const constraints =
      "ColumnDef" in element
        ? constraintsOf(element.ColumnDef)
        : "Constraint" in element
          ? [element.Constraint]
          : [];
    return constraints.flatMap(({ pktable }) => (pktable ? [keyOf(pktable)] : []));
  });
}

function droppedFrom({ objects = [], removeType, concurrent }: DropStmt): string[] {
  if (concurrent) return [];
  return objects.flatMap((object) => {
    if (!("List" in object)) return [];
    const names = stringsOf(object.List.items);
    if (removeType === "OBJECT_TABLE" || removeType === "OBJECT_INDEX") return [keyOfNames(names)];
    // The last name is that of the trigger, policy or rule.
    return removeType === "OBJECT_TRIGGER" || removeType === "OBJECT_POLICY" || removeType === "OBJECT_RULE"
      ? [keyOfNames(names.slice(0, -1))]
      : [];
  });
}
