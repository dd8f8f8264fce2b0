/** In charge of what a statement's parse tree says about how it has to be run. */
import type { DefElem, IndexStmt, Node } from "libpg-query";

export interface StatementTraits {
  /** BEGIN, COMMIT, ROLLBACK, SAVEPOINT and their like; null for every other statement. */
  transactionControl: "begin" | "commit" | "rollback" | "savepoint" | "two_phase" | null;
  /** Postgres refuses it inside a transaction block. */
  needsNoTransaction: boolean;
  /** COPY … FROM STDIN: its data would follow the statement, which a file of SQL cannot hold. */
  copiesFromStdin: boolean;
  /** CREATE INDEX CONCURRENTLY: what it leaves behind, invalid, when it fails. */
  concurrentIndex: { table: string[]; name: string | null } | null;
}

export function classifyStatement(node: Node): StatementTraits {
  return {
    transactionControl: transactionControlOf(node),
    needsNoTransaction: needsNoTransaction(node),
    copiesFromStdin:
      "CopyStmt" in node && node.CopyStmt.is_from === true && node.CopyStmt.filename === undefined,
    concurrentIndex: "IndexStmt" in node && node.IndexStmt.concurrent ? indexTarget(node.IndexStmt) : null,
  };
}

function transactionControlOf(node: Node): StatementTraits["transactionControl"] {
  if (!("TransactionStmt" in node)) return null;
  switch (node.TransactionStmt.kind) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      return "begin";
    case "TRANS_STMT_COMMIT":
      return "commit";
    case "TRANS_STMT_ROLLBACK":
      return "rollback";
    case "TRANS_STMT_PREPARE":
    case "TRANS_STMT_COMMIT_PREPARED":
    case "TRANS_STMT_ROLLBACK_PREPARED":
      return "two_phase";
    default:
      return "savepoint";
  }
}

/**
 * What the server checks with PreventInTransactionBlock and a parse tree can show. What only the catalog tells (REINDEX
 * or CLUSTER of a partitioned table, a procedure that commits) is found when the server refuses it.
 */
function needsNoTransaction(node: Node): boolean {
  if ("IndexStmt" in node) return node.IndexStmt.concurrent === true;
  if ("DropStmt" in node) return node.DropStmt.concurrent === true;
  if ("VacuumStmt" in node) return node.VacuumStmt.is_vacuumcmd === true;
  if ("ClusterStmt" in node) return node.ClusterStmt.relation === undefined;
  if ("DiscardStmt" in node) return node.DiscardStmt.target === "DISCARD_ALL";
  if ("ReindexStmt" in node) {
    const { kind, params } = node.ReindexStmt;
    return (
      isOn(params, "concurrently") || (kind !== "REINDEX_OBJECT_TABLE" && kind !== "REINDEX_OBJECT_INDEX")
    );
  }
  if ("AlterTableStmt" in node) return detachesConcurrently(node.AlterTableStmt.cmds ?? []);
  if ("AlterDatabaseStmt" in node) return option(node.AlterDatabaseStmt.options, "tablespace") !== undefined;
  if ("CreateSubscriptionStmt" in node) return !isOff(node.CreateSubscriptionStmt.options, "create_slot");
  if ("AlterSubscriptionStmt" in node) {
    const { kind, options } = node.AlterSubscriptionStmt;
    if (kind === "ALTER_SUBSCRIPTION_REFRESH") return true;
    return /_(SET|ADD|DROP)_PUBLICATION$/.test(kind ?? "") && !isOff(options, "refresh");
  }
  return Object.keys(node).some((kind) => alwaysOutside.has(kind));
}

const alwaysOutside = new Set([
  "CreatedbStmt",
  "DropdbStmt",
  "CreateTableSpaceStmt",
  "DropTableSpaceStmt",
  "AlterSystemStmt",
  "DropSubscriptionStmt",
]);

function detachesConcurrently(commands: readonly Node[]): boolean {
  return commands.some((command) => {
    if (!("AlterTableCmd" in command)) return false;
    const definition = command.AlterTableCmd.def;
    return (
      definition !== undefined && "PartitionCmd" in definition && definition.PartitionCmd.concurrent === true
    );
  });
}

function option(options: readonly Node[] | undefined, name: string): DefElem | undefined {
  for (const node of options ?? []) {
    if ("DefElem" in node && node.DefElem.defname === name) return node.DefElem;
  }
  return undefined;
}

/** Text of an option's value; "true" for one that is only named. */
function optionText(element: DefElem): string {
  const argument = element.arg;
  if (argument === undefined) return "true";
  if ("String" in argument) return (argument.String.sval ?? "").toLowerCase();
  if ("Boolean" in argument) return String(argument.Boolean.boolval === true);
  if ("Integer" in argument) return String(argument.Integer.ival ?? 0);
  if ("TypeName" in argument) {
    // A bare word such as `off` reads as the name of a type.
    const word = argument.TypeName.names?.at(-1);
    return word !== undefined && "String" in word ? (word.String.sval ?? "") : "true";
  }
  return "true";
}

const isOff = (options: readonly Node[] | undefined, name: string): boolean => {
  const element = option(options, name);
  return element !== undefined && ["false", "off", "no", "0"].includes(optionText(element));
};

const isOn = (options: readonly Node[] | undefined, name: string): boolean =>
  option(options, name) !== undefined && !isOff(options, name);

function indexTarget(statement: IndexStmt): StatementTraits["concurrentIndex"] {
  const { schemaname, relname } = statement.relation ?? {};
  return {
    table: [schemaname, relname].filter((part) => part !== undefined),
    name: statement.idxname ?? null,
  };
}
