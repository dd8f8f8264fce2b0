/** In charge of telling the log what a statement wanted that Postgres refused: no trigger has seen it. */
import type { JsonValue, RecordData, RecordQuery } from "@postern/sdk/protocol";
import type { Relation } from "./relation.ts";

export interface AttemptFacts {
  requestId: string;
  actor: string;
  at: Date;
}

/** A record of the log, without what the row was before: that is not known here. */
export interface Attempt {
  at: string;
  request_id: string;
  table_oid: number;
  schema_name: string;
  table_name: string;
  row_id: string | null;
  operation: string;
  new: RecordData | null;
  changed: string[] | null;
  actor: string;
}

/** One for each row that was named. */
export function describeAttempt(query: RecordQuery, relation: Relation, facts: AttemptFacts): Attempt[] {
  const { operation, data } = query;
  const rows = Array.isArray(data) ? data : [data ?? null];
  return rows.map((row) => ({
    at: facts.at.toISOString(),
    request_id: facts.requestId,
    table_oid: relation.oid,
    schema_name: relation.schema,
    table_name: relation.name,
    row_id: rowIdOf(relation, operation === "insert" ? (row ?? {}) : filteredValues(query)),
    operation: operation.toUpperCase(),
    new: row && masked(row, relation),
    changed: operation === "update" && row ? Object.keys(row) : null,
    actor: facts.actor,
  }));
}

function filteredValues({ filters = [] }: RecordQuery): RecordData {
  return Object.fromEntries(
    filters.filter(({ op }) => op === "eq").map(({ column, value }) => [column, value ?? null]),
  );
}

/** As the trigger names rows: the value of the key, or an object of its columns. Undefined parts: not known. */
export function rowIdOf({ primaryKey }: Pick<Relation, "primaryKey">, values: RecordData): string | null {
  if (
    primaryKey.length === 0 ||
    primaryKey.some((name) => values[name] === undefined || values[name] === null)
  )
    return null;
  if (primaryKey.length === 1) return textOf(values[primaryKey[0]!]!);
  return null;
}

const textOf = (value: JsonValue): string => (typeof value === "string" ? value : JSON.stringify(value));

function masked(row: RecordData, { capture }: Relation): RecordData {
  const hidden = new Set(capture?.masked ?? []);
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      hidden.has(name) && value !== null ? "[masked]" : value,
    ]),
  );
}
