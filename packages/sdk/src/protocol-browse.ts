/** In charge of the shapes of looking into a database: its tables, their rows as text, and changes to rows. */
import type { JsonValue } from "./protocol-query.ts";
import type { FilterOperator } from "./protocol-records.ts";

export interface TableName {
  schema: string;
  name: string;
}

export interface CatalogColumn {
  name: string;
  /** As SQL writes it: `numeric(10,2)`, `text[]`. */
  type: string;
  /** What a value of it is like, domains followed. */
  kind: "text" | "number" | "boolean" | "json" | "bytes" | "time" | "array" | "enum" | "uuid" | "other";
  nullable: boolean;
  default: string | null;
  /** Computed by Postgres, so nobody sets it. */
  generated: boolean;
  comment: string | null;
  /** Labels of an enum. */
  values: string[] | null;
  /** Can be compared and sorted. */
  ordered: boolean;
}

export interface CatalogForeignKey {
  name: string;
  columns: string[];
  target: TableName;
  target_columns: string[];
  on_delete: string;
  on_update: string;
}

export interface CatalogTable extends TableName {
  kind: "table" | "partitioned table" | "foreign table" | "view" | "materialized view";
  comment: string | null;
  /** As the statistics say; null before they were gathered, and for views. */
  estimated_rows: number | null;
  size_bytes: number;
  row_security: boolean;
  policies: number;
  indexes: number;
  primary_key: string[];
  columns: CatalogColumn[];
  foreign_keys: CatalogForeignKey[];
}

export interface Catalog {
  /** First those that a search would find without a schema. */
  schemas: string[];
  tables: CatalogTable[];
}

export interface TableIndex {
  name: string;
  definition: string;
  primary: boolean;
  unique: boolean;
  valid: boolean;
  size_bytes: number;
  scans: number;
}

export interface TablePolicy {
  name: string;
  command: "all" | "select" | "insert" | "update" | "delete";
  permissive: boolean;
  roles: string[];
  using: string | null;
  check: string | null;
}

export interface TableDetail extends TableName {
  indexes: TableIndex[];
  policies: TablePolicy[];
  constraints: { name: string; definition: string }[];
  triggers: { name: string; definition: string; enabled: boolean }[];
  /** The statements that make it. */
  ddl: string;
}

/** As whom rows are read: nobody in particular, or a user of the application. Absent: the owner. */
export type BrowseIdentity = { anonymous: true } | { subject: string; claims?: Record<string, JsonValue> };

export interface RowFilter {
  column: string;
  /** `contains` looks for a text in any case. */
  op: FilterOperator | "contains";
  /** A value's text; a list for `in`; for `is_null` "false" turns it around. */
  value?: string | string[];
}

export interface RowOrder {
  column: string;
  direction?: "asc" | "desc";
}

/** Which rows: what `rows`, `rows/count`, `rows/export` have in common. */
export interface RowSelection {
  table: TableName;
  filters?: RowFilter[];
  /** A condition in SQL that must hold beside the filters. */
  where?: string;
  as?: BrowseIdentity;
}

export interface RowPageRequest extends RowSelection {
  /** All when absent. */
  columns?: string[];
  order?: RowOrder[];
  limit?: number;
  /** From an earlier page: what comes behind it. */
  after?: string;
  /** Rows to pass over; slow when they are many. */
  offset?: number;
}

export interface RowPage {
  columns: string[];
  /** Each value's text; null is SQL's. Long ones are cut. */
  rows: (string | null)[][];
  /** Rows and columns, by number, whose values are cut. */
  cut: [row: number, column: number][];
  /** Leads to the rows behind these; null: there are none, or only `offset` leads there. */
  next: string | null;
  more: boolean;
  /** How these rows were found. */
  by: "key" | "offset";
}

export interface RowCount {
  /** Exact; null: it would have taken longer than two seconds. */
  exact: number | null;
  estimate: number | null;
}

export interface CellRequest {
  table: TableName;
  column: string;
  /** Values of the primary key. */
  key: Record<string, string>;
  as?: BrowseIdentity;
}

export interface CellValue {
  value: string | null;
  bytes: number;
  /** It is longer than what is answered. */
  cut: boolean;
}

export interface RowExportRequest extends RowSelection {
  columns?: string[];
  order?: RowOrder[];
  format: "csv" | "ndjson";
}

/** Values are their texts; null is SQL's. */
export type RowEdit =
  | { action: "insert"; values: Record<string, string | null> }
  | {
      action: "update";
      key: Record<string, string>;
      values: Record<string, string | null>;
      /** What was there when it was looked at; another value now fails the whole. */
      was?: Record<string, string | null>;
    }
  | { action: "delete"; key: Record<string, string> };

export interface RowEditRequest {
  table: TableName;
  edits: RowEdit[];
}

export interface RowEditPreview {
  /** What will run, in one transaction. */
  statements: string[];
}

export interface RowEditResult {
  rows: number;
  /** Under which the log of changes has them. */
  request_id: string;
}
