/** In charge of bringing a row back to what it was at a moment: shown first, and written like any other change. */
import type { JsonValue, MutationRecord, RecordData, RestoredRow } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { parseExactJson } from "../base/exact-json.ts";
import { quoteIdentifier, quoteQualified } from "../postgres/identifier.ts";
import { silentStep } from "../query/batch-exchange.ts";
import { orderColumns } from "./order-columns.ts";
import { readRowMutations } from "./read-mutations.ts";
import { ask, type RecordContext } from "./record-context.ts";
import { type Relation, tableNameOf } from "./relation.ts";
import type { RequestSession } from "./request-session.ts";
import { parseRowId } from "./row-id.ts";

/** Far more than a row has changes, and still quick to read. */
const mostChanges = 10_000;

export interface RestorePlan extends Pick<RestoredRow, "action" | "changes" | "left_out"> {
  /** Where the row's columns are taken from: this record of the log, and this side of it. */
  source: { at: string; side: "old" | "new" } | undefined;
}

/** @throws Y1067 Y1069 */
export async function planRestore(
  context: RecordContext,
  relation: Relation,
  id: string,
  at: string,
): Promise<RestorePlan> {
  const limit = mostChanges;
  const { mutations } = await readRowMutations(context, relation, id, { limit });
  const lasting = mutations.filter(({ rolled_back: undone }) => !undone);
  const then = stateAt(lasting, at);
  if (!then) {
    throw posternError("Y1069", `Nothing is recorded of row ${id} of ${tableNameOf(relation)}.`, {
      hint: `postern state track ${tableNameOf(relation)} records changes from then on.`,
    });
  }
  const now = await readRow(context, relation, id);
  return { ...compareRows(relation, now, then.image), source: then.source };
}

interface StateThen {
  image: RecordData | null;
  source: RestorePlan["source"];
}

/** What the last change up to then left, or what the first one behind it found. */
export function stateAt(mutations: readonly MutationRecord[], at: string): StateThen | undefined {
  const time = microsecondsOf(at, "999");
  const before = mutations.findLast((mutation) => microsecondsOf(mutation.at) <= time);
  if (before) return { image: before.new, source: before.new ? { at: before.at, side: "new" } : undefined };
  const [after] = mutations;
  return after && { image: after.old, source: after.old ? { at: after.at, side: "old" } : undefined };
}

/** JavaScript's times have milliseconds; one that says no more means all of its millisecond. */
const microsecondsOf = (at: string, unsaid = "000"): number =>
  Date.parse(at) * 1000 + Number(/[.]\d{3}(\d{3})/.exec(at)?.[1] ?? unsaid);

/** As it is now; null: there is none. */
export async function readRow(
  { owner }: Pick<RecordContext, "owner">,
  relation: Relation,
  id: string,
): Promise<RecordData | null> {
  const { whereSql, params } = parseRowId(relation, id);
  const sql = `select pg_catalog.to_jsonb(r)::pg_catalog.text
                 from ${quoteQualified([relation.schema, relation.name])} r where ${whereSql}`;
  const text = await ask(owner, sql, params);
  if (text === undefined) return null;
  const row = orderColumns(parseExactJson<RecordData>(text), relation.columns);
  for (const name of relation.capture?.masked ?? [])
    if (Object.hasOwn(row, name) && row[name] !== null) row[name] = masked;
  return row;
}

const masked = "[masked]";

export function compareRows(
  relation: Pick<Relation, "columns">,
  now: RecordData | null,
  then: RecordData | null,
): Pick<RestorePlan, "action" | "changes" | "left_out"> {
  if (then === null) {
    const changes =
      now === null ? [] : Object.entries(now).map(([column, from]) => ({ column, from, to: null }));
    return { action: now === null ? "none" : "delete", changes, left_out: [] };
  }
  const columns = new Map(relation.columns.map((column) => [column.name, column]));
  const left: RestoredRow["left_out"] = [];
  const changes: RestoredRow["changes"] = [];
  for (const [column, to] of Object.entries(then)) {
    const known = columns.get(column);
    const from: JsonValue = now?.[column] ?? null;
    if (!known) left.push({ column, reason: "the table has no such column any more" });
    else if (to === masked) left.push({ column, reason: "its values are masked in the log" });
    else if (!known.generated && (now === null || !isSame(from, to))) changes.push({ column, from, to });
  }
  if (now === null) return { action: "insert", changes, left_out: left };
  return { action: changes.length > 0 ? "update" : "none", changes, left_out: left };
}

const isSame = (one: JsonValue, other: JsonValue): boolean =>
  JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** The values go from the log to the table inside Postgres, so nothing is rounded on the way. */
export async function writeRestore(
  session: RequestSession,
  relation: Relation,
  id: string,
  { action, changes, source }: RestorePlan,
): Promise<void> {
  if (action === "none") return;
  const table = quoteQualified([relation.schema, relation.name]);
  const { idSql, whereSql, params } = parseRowId(relation, id);
  if (action === "delete") {
    await session.run({ sql: `delete from ${table} r where ${whereSql}`, params }, silentStep);
    return;
  }
  const names = changes.map(({ column }) => quoteIdentifier(column));
  const at = `$${params.length + 1}::pg_catalog.timestamptz`;
  const values = `select ${names.map((name) => `v.${name}`).join(", ")}
    from pg_catalog.jsonb_populate_record(null::${table}, (
      select m.${source!.side} from postern.state_mutations m
       where m.row_id = ${idSql} and m.at = ${at} and not m.rolled_back limit 1)) v`;
  const sql =
    action === "insert"
      ? `insert into ${table} (${names.join(", ")}) overriding system value ${values}`
      : `update ${table} r set (${names.join(", ")}) = (${values}) where ${whereSql}`;
  await session.run({ sql, params: [...params, source!.at] }, silentStep);
}
