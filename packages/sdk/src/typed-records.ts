/** In charge of the types of structured queries where the schema is known: `createClient<Database>()` with what `db types` writes. */
import type { RecordData, RecordFilter, RecordQuery } from "./protocol.ts";

interface TableTypes {
  Row: object;
  Insert?: object;
  Update?: object;
}

/** Tables of schema public, as `db types` writes them. */
type TablesOf<Schema> = Schema extends { public: { Tables: infer Tables } }
  ? Tables
  : Record<never, TableTypes>;

export type TypedTableName<Schema> = keyof TablesOf<Schema> & string;
type Part<Schema, Name, Kind extends string> = Name extends keyof TablesOf<Schema>
  ? TablesOf<Schema>[Name] extends { [key in Kind]: infer Type }
    ? Type
    : RecordData
  : RecordData;
export type RowOf<Schema, Name> = Part<Schema, Name, "Row">;

type ColumnOf<Schema, Name> = keyof RowOf<Schema, Name> & string;

interface TypedTable<Schema, Name extends TypedTableName<Schema>>
  extends Omit<RecordQuery, "table" | "operation" | "filters" | "columns" | "data" | "order"> {
  table: Name;
  filters?: (Omit<RecordFilter, "column"> & { column: ColumnOf<Schema, Name> })[];
  columns?: ColumnOf<Schema, Name>[];
  order?: { column: ColumnOf<Schema, Name>; direction?: "asc" | "desc" }[];
}

export type TypedQuery<Schema, Name extends TypedTableName<Schema>> = TypedTable<Schema, Name> &
  (
    | { operation: "select" | "delete"; data?: never }
    | { operation: "insert"; data: Part<Schema, Name, "Insert"> | Part<Schema, Name, "Insert">[] }
    | { operation: "update"; data: Part<Schema, Name, "Update"> }
  );

/** `db.query`, with the schema's types where the table is one of its own. */
export interface Records<Schema, Options> {
  query<Name extends TypedTableName<Schema>>(
    query: TypedQuery<Schema, Name>,
    options?: Options,
  ): Promise<RowOf<Schema, Name>[]>;
  query<Row = RecordData, Name extends string = string>(
    query: RecordQuery & { table: Name extends TypedTableName<Schema> ? never : Name },
    options?: Options,
  ): Promise<Row[]>;
}
