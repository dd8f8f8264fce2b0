/** In charge of reading the log of changes, as the owner of the database, who may read it with SQL as well. */
import type { MutationRecord } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { parseExactJson } from "../base/exact-json.ts";
import { findNamesakes } from "./find-namesakes.ts";
import { orderMutation } from "./order-columns.ts";
import { ask, type RecordContext } from "./record-context.ts";
import { type Relation, tableNameOf } from "./relation.ts";
import { parseRowId } from "./row-id.ts";

export interface MutationFilter {
  since?: string | undefined;
  until?: string | undefined;
  request?: string | undefined;
  limit: number;
}

/** A log entry, and what tells it from others of its row. */
export interface Found {
  mutations: MutationRecord[];
  more: boolean;
}

/** Of several conditions each is looked up by itself, by its index: what one OR holds is read whole and sorted. */
const readSql = (conditions: readonly string[], limit: string): string => `
  select pg_catalog.jsonb_build_object('mutations', coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'at', m.at, 'request_id', m.request_id,
    'table', case when m.schema_name = 'public' then m.table_name else m.schema_name || '.' || m.table_name end,
    'row_id', m.row_id, 'operation', m.operation, 'old', m.old, 'new', m.new,
    'changed', m.changed, 'actor', m.actor, 'rolled_back', m.rolled_back) order by m.at), '[]'))::pg_catalog.text
    from (select * from (${conditions
      .map(
        (where) =>
          `(select * from postern.state_mutations m where ${where} order by m.at desc limit ${limit})`,
      )
      .join(" union all ")}) found order by at desc limit ${limit}) m`;

async function read(
  context: RecordContext,
  conditions: readonly string[],
  params: string[],
  limit: number,
): Promise<Found> {
  const sql = readSql(conditions, `$${params.length + 1}::pg_catalog.int8`);
  const text = await ask(context.owner, sql, [...params, String(limit + 1)]);
  const { mutations } = parseExactJson<{ mutations: MutationRecord[] }>(text!);
  const more = mutations.length > limit;
  return { mutations: more ? mutations.slice(1) : mutations, more };
}

/** The newest `limit`, oldest first. A table that was renamed is found under both names. @throws Y1067 */
export async function readRowMutations(
  context: RecordContext,
  relation: Relation,
  id: string,
  filter: MutationFilter,
): Promise<Found> {
  const { idSql, params } = parseRowId(relation, id);
  return readTableMutations(context, relation, filter, { sql: `(select ${idSql})`, params });
}

/** The id of a row as the log has it, as SQL over its own parameters, which come first. */
export interface LoggedId {
  sql: string;
  params: string[];
}

type LoggedTable = Pick<Relation, "oid" | "schema" | "name"> & { columns?: Relation["columns"] };

/** @param rowId all rows without it */
export async function readTableMutations(
  context: RecordContext,
  relation: LoggedTable,
  filter: MutationFilter,
  rowId?: LoggedId,
): Promise<Found> {
  const params = [...(rowId?.params ?? [])];
  const param = (value: string) => `$${params.push(value)}::pg_catalog`;
  const isWhole = rowId === undefined && filter.request === undefined;
  const wanted = isWhole
    ? await eachTable(context, param, relation, filter)
    : rowConditions(param, relation, filter, rowId);
  const { mutations, more } = await read(context, wanted, params, filter.limit);
  const { columns = [] } = relation;
  return { mutations: mutations.map((mutation) => orderMutation(mutation, columns)), more };
}

type Param = (value: string) => string;

const ofTable = (param: Param, { oid, schema, name }: LoggedTable): string =>
  `m.table_oid = ${param(String(oid))}.oid or (m.schema_name = ${param(schema)}.text and m.table_name = ${param(name)}.text)`;

const filterConditions = (param: Param, { since, until, request }: MutationFilter): string[] =>
  [
    since !== undefined && `m.at >= ${param(since)}.timestamptz`,
    until !== undefined && `m.at <= ${param(until)}.timestamptz`,
    request !== undefined && requestCondition(param, request),
  ].filter((condition) => condition !== false);

function rowConditions(param: Param, table: LoggedTable, filter: MutationFilter, rowId?: LoggedId): string[] {
  const where = [`(${ofTable(param, table)})`, ...filterConditions(param, filter)].join(" and ");
  if (rowId === undefined) return [where];
  // Emptying a table changes each of its rows.
  const emptied = "m.row_id is null and m.operation = 'TRUNCATE'";
  return [`${where} and m.row_id = ${rowId.sql}`, `${where} and ${emptied}`];
}

/** All records of a table may be most of the log, so the newest are found by an index: one condition for each oid it had. */
async function eachTable(
  context: RecordContext,
  param: Param,
  { oid, schema, name }: LoggedTable,
  filter: MutationFilter,
): Promise<string[]> {
  const others = (await findNamesakes(context, `${schema}.${name}`)).filter((one) => one.oid !== String(oid));
  const time = filterConditions(param, filter);
  const itself = [`m.table_oid = ${param(String(oid))}.oid`, ...time].join(" and ");
  if (others.length === 0) return [itself];
  const named = `m.schema_name = ${param(schema)}.text and m.table_name = ${param(name)}.text`;
  return [
    itself,
    ...others.map((one) => [`m.table_oid = ${param(one.oid)}.oid`, named, ...time].join(" and ")),
  ];
}

/** Whole, or the beginning of one that Postern made; as the commands show it. */
function requestCondition(param: (value: string) => string, request: string): string {
  const made = param(`req-${request}`);
  return `(m.request_id = ${param(request)}.text or (m.request_id >= ${made}.text and m.request_id < ${made}.text || '~'))`;
}

/** All that one request did, across tables. @throws Y1061 when the beginning of an id fits several, Y1069 */
export async function readRequestMutations(
  context: RecordContext,
  request: string,
  limit: number,
): Promise<Found> {
  const params: string[] = [];
  const where = requestCondition((value) => `$${params.push(value)}::pg_catalog`, request);
  const found = await read(context, [where], params, limit);
  const ids = new Set(found.mutations.map(({ request_id: id }) => id));
  if (ids.size === 0) {
    throw posternError("Y1069", `Nothing is recorded of request ${request}.`, {
      hint: "It changed nothing that is logged, or its records are older than the log is kept.",
    });
  }
  if (ids.size > 1) {
    throw posternError("Y1061", `Several requests begin with ${request}.`, {
      hint: `Name one in full: ${[...ids].slice(0, 5).join(", ")}.`,
    });
  }
  return found;
}

/** The table as the catalog knows it, or only its name where it is gone: its records are kept. */
export async function findLogged(context: RecordContext, table: string): Promise<Relation | string> {
  try {
    return await context.relations.find(table);
  } catch (error) {
    const { schema, name } = goneTable(table);
    if ((await findNamesakes(context, `${schema}.${name}`)).length === 0) throw error;
    return table;
  }
}

/** What is gone has no oid; its id has to be written as the log has it. */
export const goneTable = (table: string): Pick<Relation, "oid" | "schema" | "name"> => {
  const dot = table.indexOf(".");
  return dot < 0
    ? { oid: 0, schema: "public", name: table }
    : { oid: 0, schema: table.slice(0, dot), name: table.slice(dot + 1) };
};

export { tableNameOf };
