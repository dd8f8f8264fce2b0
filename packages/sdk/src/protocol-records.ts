/** In charge of the shapes of structured queries and of the log of changes. */
import type { JsonValue } from "./protocol-query.ts";

export type RecordOperation = "select" | "insert" | "update" | "delete";
export type FilterOperator = "eq" | "neq" | "gt" | "lt" | "gte" | "lte" | "like" | "in" | "is_null";

export interface RecordFilter {
  column: string;
  op: FilterOperator;
  /** A list for `in`; false turns `is_null` around; text with % and _ for `like`. */
  value?: JsonValue;
}

export interface RecordOrder {
  column: string;
  direction?: "asc" | "desc";
}

/** Values by column. */
export type RecordData = Record<string, JsonValue>;

export interface RecordQuery {
  /** `todos`, or `app.todos` for another schema. */
  table: string;
  operation: RecordOperation;
  /** All must hold. */
  filters?: RecordFilter[];
  /** Columns of the answer; all when absent, none for an empty list. */
  columns?: string[];
  /** For insert and update; several rows for insert. */
  data?: RecordData | RecordData[];
  limit?: number;
  offset?: number;
  /** By primary key where rows are counted off and nothing is said. */
  order?: RecordOrder[];
  /** Without it, update and delete want a filter. */
  allow_all?: boolean;
}

export interface OpenRequestInput {
  isolation_level?: "read committed" | "repeatable read" | "serializable";
  read_only?: boolean;
}

/** A transaction that the server holds open between calls. */
export interface OpenRequest {
  id: string;
  request_id: string;
  /** Everything is undone when nothing is heard for this long. */
  idle_timeout_ms: number;
  /** And after this long in any case. */
  max_duration_ms: number;
}

export interface EndedRequest {
  id: string;
  request_id: string;
  status: "committed" | "rolled_back";
}

export interface MutationRecord {
  at: string;
  request_id: string | null;
  /** `users`, or `app.users` outside public. */
  table: string;
  /** Value of the primary key, or its columns as JSON; null for a table without one. */
  row_id: string | null;
  operation: "INSERT" | "UPDATE" | "DELETE" | "TRUNCATE";
  old: RecordData | null;
  new: RecordData | null;
  /** Columns that an UPDATE changed. */
  changed: string[] | null;
  actor: string;
  rolled_back: boolean;
}

export interface StateHistory {
  table: string;
  id: string | null;
  mutations: MutationRecord[];
  /** There are more than were asked for. */
  more: boolean;
}

export interface ColumnBlame {
  column: string;
  value: JsonValue;
  /** Null: it stands as it did before anything was recorded. */
  request_id: string | null;
  actor: string | null;
  at: string | null;
  /** A later attempt that was rolled back. */
  rolled_back: { request_id: string | null; actor: string; at: string; value: JsonValue } | null;
}

export interface StateBlame {
  table: string;
  id: string;
  /** False: the row is not there any more; the columns show what it was. */
  exists: boolean;
  columns: ColumnBlame[];
}

export interface RequestMutations {
  request_id: string;
  mutations: MutationRecord[];
  more: boolean;
}

export interface TrackRequest {
  table: string;
  /** Columns whose values are not kept; what is absent stays as it was. */
  mask?: string[];
}

export interface TrackedTable {
  table: string;
  /** `all`: whatever way a change comes in; `records`: what comes through /records. */
  captures: "all" | "records";
  primary_key: string[];
  masked: string[];
}

export interface RestoreRowRequest {
  table: string;
  id: string;
  /** The row is to be as it was at this moment. */
  at: string;
  /** Without it, only the change is shown. */
  write?: boolean;
}

export interface RestoredRow {
  table: string;
  id: string;
  at: string;
  action: "insert" | "update" | "delete" | "none";
  /** What changes, by column; null: no row. */
  changes: { column: string; from: JsonValue; to: JsonValue }[];
  /** Columns that were recorded and cannot be brought back, with the reason. */
  left_out: { column: string; reason: string }[];
  written: boolean;
  request_id: string;
}
