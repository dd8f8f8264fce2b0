/** In charge of the shapes of SQL over HTTP. */

export interface QueryField {
  name: string;
  type_oid: number;
  type: string;
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

export interface QueryRequest {
  sql: string;
  params?: JsonValue[];
}

export interface QueryResult<Row = Record<string, JsonValue>> {
  rows: Row[];
  fields: QueryField[];
  row_count: number;
}

export interface ExecuteResult<Row = Record<string, JsonValue>> {
  rows_affected: number;
  rows?: Row[];
  fields?: QueryField[];
}

export interface TransactionRequest {
  statements: QueryRequest[];
  isolation_level?: "read committed" | "repeatable read" | "serializable";
  read_only?: boolean;
  deferrable?: boolean;
}

export interface TransactionResult {
  results: { rows: Record<string, JsonValue>[]; fields: QueryField[]; rows_affected: number }[];
}
