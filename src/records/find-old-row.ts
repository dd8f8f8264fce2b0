/** In charge of what a row holds that a refused change was about: read afterwards, and as the owner, whose data it is. */
import { quoteIdentifier, quoteQualified } from "../postgres/identifier.ts";
import type { Attempt } from "./describe-attempt.ts";
import { ask, type RecordContext } from "./record-context.ts";
import type { Relation } from "./relation.ts";

/** As JSON, which is never read here, so that its numbers keep their digits. `null`: no such row, or not known which. */
export async function findOldRow(
  { owner }: RecordContext,
  relation: Relation,
  { operation, row_id: rowId }: Attempt,
): Promise<string> {
  const [key] = relation.primaryKey;
  if (operation === "INSERT" || rowId === null || relation.primaryKey.length !== 1) return "null";
  const type = relation.columns.find(({ name }) => name === key)!.type;
  const sql = `select (i.image || coalesce(
                        (select pg_catalog.jsonb_object_agg(m.name, '[masked]')
                           from pg_catalog.jsonb_array_elements_text($2::pg_catalog.jsonb) m(name)
                          where pg_catalog.jsonb_typeof(i.image -> m.name) <> 'null'), '{}'))::pg_catalog.text
                 from ${quoteQualified([relation.schema, relation.name])} r,
                      lateral (select pg_catalog.to_jsonb(r)) i(image)
                where r.${quoteIdentifier(key!)} = $1::${type}`;
  const masked = JSON.stringify(relation.capture?.masked ?? []);
  // The row's key may be no value of its type: then that was what went wrong.
  return (await ask(owner, sql, [rowId, masked]).catch(() => undefined)) ?? "null";
}
