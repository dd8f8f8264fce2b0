/** In charge of what a row holds that a refused change was about: read afterwards, and as the owner, whose data it is. */
import type { JsonValue } from "@postern/sdk/protocol";
import { quoteIdentifier, quoteQualified } from "../postgres/identifier.ts";
import { ask, type RecordContext } from "./record-context.ts";
import type { Relation } from "./relation.ts";
import type { ToldMutation } from "./request-session.ts";

/** Null: there is no such row, or it is not known which it is. */
export async function findOldRow(
  { owner }: RecordContext,
  relation: Relation,
  { operation, row_id: rowId }: ToldMutation,
): Promise<JsonValue> {
  const [key] = relation.primaryKey;
  if (operation === "INSERT" || typeof rowId !== "string" || relation.primaryKey.length !== 1) return null;
  const type = relation.columns.find(({ name }) => name === key)!.type;
  const sql = `select pg_catalog.to_jsonb(r)::text from ${quoteQualified([relation.schema, relation.name])} r
                where r.${quoteIdentifier(key!)} = $1::${type}`;
  // The row's key may be no value of its type: then that was what went wrong.
  const text = await ask(owner, sql, [rowId]).catch(() => undefined);
  if (text === undefined) return null;
  const row = JSON.parse(text) as Record<string, JsonValue>;
  for (const name of relation.capture?.masked ?? []) if (row[name] !== null) row[name] = "[masked]";
  return row;
}
