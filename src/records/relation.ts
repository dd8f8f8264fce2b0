/** In charge of what a structured query needs to know of its table, as the catalog has it. */

export interface Relation {
  oid: number;
  schema: string;
  name: string;
  /** `r` table, `p` partitioned table; others are only read: `v` view, `m` materialized view, `f` foreign table. */
  kind: "r" | "p" | "v" | "m" | "f";
  columns: Column[];
  /** In the order of the key; empty without one. */
  primaryKey: string[];
  /** Arguments of the trigger that logs changes; null: there is none, or it does not fire. */
  capture: CaptureArguments | null;
}

export interface Column {
  name: string;
  /** Schema and name of the type, quoted; for casts. */
  type: string;
  kind: "json" | "array" | "text" | "other";
  /** Of an array. */
  elementIsJson: boolean;
  delimiter: string;
  hasEquality: boolean;
  /** Computed by Postgres: nobody may say its value. */
  generated: boolean;
}

export interface CaptureArguments {
  captures: "all" | "records";
  primaryKey: string[];
  masked: string[];
}

/** As users name it: without the schema where that is public. */
export const tableNameOf = ({ schema, name }: Pick<Relation, "schema" | "name">): string =>
  schema === "public" ? name : `${schema}.${name}`;
