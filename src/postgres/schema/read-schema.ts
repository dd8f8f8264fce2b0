/** In charge of reading what an owner made in a database, in a form that two databases can be compared by. */
import type pg from "pg";
import { readSql } from "../read-sql.ts";

export type SchemaKind =
  | "extension"
  | "schema"
  | "type"
  | "sequence"
  | "table"
  | "column"
  | "constraint"
  | "index"
  | "row security"
  | "policy"
  | "trigger"
  | "view"
  | "materialized view"
  | "function"
  | "procedure"
  | "aggregate"
  | "grant"
  | "default privileges";

export interface SchemaObject {
  kind: SchemaKind;
  /** In full, and unique in its kind. */
  name: string;
  /** The table that it is a part of. */
  table: string | null;
  /** As SQL, without what the name says already. */
  definition: string;
  /** Of a column in its table. */
  position: number;
}

/** @param owner role whose name may differ between databases that are the same otherwise. */
export async function readSchema(client: pg.ClientBase, owner: string): Promise<SchemaObject[]> {
  const sql = await readSql("read-schema");
  await client.query("begin isolation level repeatable read read only");
  try {
    await client.query("set local search_path = ''; set local statement_timeout = '60s'");
    const { rows } = await client.query<SchemaObject>(sql, [owner]);
    return rows;
  } finally {
    await client.query("rollback");
  }
}
