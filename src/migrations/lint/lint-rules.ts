/** In charge of the list of what a lint of migrations looks for, and why each of it matters. */

/** `error`: blocks others, loses data or opens it. `warning`: may fail, or break what runs beside it. */
export type LintSeverity = "error" | "warning";

export interface LintRule {
  severity: LintSeverity;
  why: string;
}

export const lintRules = {
  index_not_concurrent: {
    severity: "error",
    why: "The table takes no writes until the index is built.",
  },
  index_drop_not_concurrent: {
    severity: "warning",
    why: "It waits for every statement on the table, and all later ones wait behind it.",
  },
  reindex_not_concurrent: {
    severity: "error",
    why: "The table takes no writes, and reads that want the index wait, until it is built again.",
  },
  refresh_not_concurrent: {
    severity: "error",
    why: "Nobody can read the view until it is filled again.",
  },
  constraint_builds_index: {
    severity: "error",
    why: "Its index is built under a lock that stops reads and writes of the table, and it fails if a value is there twice.",
  },
  unique_on_existing: {
    severity: "warning",
    why: "It fails if a value is there twice, which depends on the data of each database.",
  },
  foreign_key_validated: {
    severity: "error",
    why: "Both tables take no writes while every row is looked up, and it fails if one finds no match.",
  },
  check_validated: {
    severity: "error",
    why: "Nobody can read or write the table while every row is checked, and it fails if one does not pass.",
  },
  validate_in_same_transaction: {
    severity: "error",
    why: "The lock that adding the constraint took is held until the file ends, so validating it keeps everyone waiting after all.",
  },
  set_not_null: {
    severity: "error",
    why: "Nobody can read or write the table while every row is looked at, and it fails if one has no value.",
  },
  column_not_null: {
    severity: "error",
    why: "It fails on a table that has rows, because they have no value for the column.",
  },
  column_rewrites_table: {
    severity: "error",
    why: "Each row gets a value of its own, so the whole table is written anew while nobody can read or write it.",
  },
  column_type_change: {
    severity: "error",
    why: "The whole table and its indexes are written anew while nobody can read or write it, and programs that run now may not know the new type.",
  },
  table_rewrite: {
    severity: "error",
    why: "The whole table is written anew while nobody can read or write it.",
  },
  lock_table: {
    severity: "error",
    why: "Others wait for the table until the file ends.",
  },
  lock_timeout_missing: {
    severity: "warning",
    why: "Its lock waits behind the longest transaction on the table, and every other statement on it waits behind the lock.",
  },
  rename: {
    severity: "warning",
    why: "Programs that run now ask for the old name, and fail from the moment this commits.",
  },
  drop_table: { severity: "error", why: "The rows are gone, and only a backup brings them back." },
  drop_column: {
    severity: "error",
    why: "The column's data is gone, and programs that still name it fail.",
  },
  drop_schema: { severity: "error", why: "Everything in the schema may go with it." },
  drop_cascade: { severity: "warning", why: "CASCADE drops what depends on it, whatever that is by then." },
  truncate: { severity: "error", why: "All rows are gone." },
  delete_all_rows: { severity: "error", why: "Without WHERE, all rows are gone." },
  update_all_rows: {
    severity: "warning",
    why: "Without WHERE, every row is written anew and stays locked until the file ends.",
  },
  grant_to_clients: {
    severity: "warning",
    why: "Whoever knows the address of the database can use it without a token.",
  },
  row_security_off: {
    severity: "error",
    why: "Clients may reach the table, and nothing keeps them to their own rows.",
  },
  not_atomic: {
    severity: "warning",
    why: "The file cannot be one transaction, so if a statement fails those before it stay.",
  },
  allow_without_reason: {
    severity: "error",
    why: "Whoever reads it later cannot tell whether it still holds.",
  },
  allow_unknown_rule: { severity: "error", why: "It allows nothing." },
} as const satisfies Record<string, LintRule>;

export type LintRuleId = keyof typeof lintRules;

export const isLintRule = (name: string): name is LintRuleId => Object.hasOwn(lintRules, name);

export interface LintFinding {
  file: string;
  /** 1-based. */
  line: number;
  column: number;
  line_text: string;
  rule: LintRuleId;
  severity: LintSeverity;
  what: string;
  why: string;
  /** How to write it so that nobody waits and nothing is lost. */
  safe_way: string;
}

/** A finding whose place is not worked out yet. */
export interface LintDraft {
  rule: LintRuleId;
  /** UTF-8 offset in the file; the statement's start when absent. */
  at?: number | undefined;
  what: string;
  safeWay: string;
}
