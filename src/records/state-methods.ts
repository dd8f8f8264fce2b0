/** In charge of what an owner asks of the log of changes: a row's history, who wrote its columns, one request, what is tracked, and back in time. */
import type {
  RequestMutations,
  RestoredRow,
  RestoreRowRequest,
  StateBlame,
  StateHistory,
  TrackedTable,
  TrackRequest,
} from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { blameColumns } from "./blame-columns.ts";
import { captureTable } from "./capture-table.ts";
import { listTracked } from "./list-tracked.ts";
import {
  findLogged,
  goneTable,
  type MutationFilter,
  readRequestMutations,
  readRowMutations,
  readTableMutations,
} from "./read-mutations.ts";
import type { RecordCall } from "./record-call.ts";
import { frameFor } from "./record-context.ts";
import { type CaptureArguments, type Relation, tableNameOf } from "./relation.ts";
import { RequestSession } from "./request-session.ts";
import { planRestore, readRow, writeRestore } from "./restore-row.ts";
import { noPrimaryKey } from "./row-id.ts";
import { ensureCaptured } from "./run-records.ts";

export interface HistoryQuestion extends Omit<MutationFilter, "limit"> {
  table: string;
  /** Without it, of the whole table. */
  id?: string | undefined;
  limit?: number | undefined;
}

export interface StateMethods {
  history(databaseId: DatabaseId, question: HistoryQuestion): Promise<StateHistory>;
  blame(databaseId: DatabaseId, question: { table: string; id: string }): Promise<StateBlame>;
  request(databaseId: DatabaseId, request: string, limit?: number): Promise<RequestMutations>;
  listTracked(databaseId: DatabaseId): Promise<TrackedTable[]>;
  track(databaseId: DatabaseId, input: TrackRequest): Promise<TrackedTable>;
  untrack(databaseId: DatabaseId, table: string): Promise<TrackedTable>;
  restoreRow(databaseId: DatabaseId, input: RestoreRowRequest, requestId: string): Promise<RestoredRow>;
}

const usualLimit = 100;
const blameLimit = 10_000;

/** Where the table is gone, as it is said. */
const loggedId = (id: string | undefined) =>
  id === undefined ? undefined : { sql: "$1::pg_catalog.text", params: [id] };

type OpenCall = (databaseId: DatabaseId, requestId: string) => Promise<RecordCall>;

export function stateMethods(openCall: OpenCall): StateMethods {
  const contextOf = async (databaseId: DatabaseId) => (await openCall(databaseId, "")).context;
  return {
    async history(databaseId, { table, id, limit = usualLimit, ...filter }) {
      const context = await contextOf(databaseId);
      const found = await findLogged(context, table);
      const relation = typeof found === "string" ? goneTable(found) : found;
      const question = { ...filter, limit };
      const answer =
        id !== undefined && "primaryKey" in relation
          ? await readRowMutations(context, relation as Relation, id, question)
          : await readTableMutations(context, relation, question, loggedId(id));
      return { table: tableNameOf(relation), id: id ?? null, ...answer };
    },

    async blame(databaseId, { table, id }) {
      const context = await contextOf(databaseId);
      const relation = await context.relations.find(table);
      const { mutations } = await readRowMutations(context, relation, id, { limit: blameLimit });
      const row = await readRow(context, relation, id);
      if (row === null && mutations.length === 0) throw nothingRecorded(relation, id);
      const columns = blameColumns(mutations, row);
      return { table: tableNameOf(relation), id, exists: row !== null, columns };
    },

    async request(databaseId, request, limit = 1_000) {
      const found = await readRequestMutations(await contextOf(databaseId), request, limit);
      return { request_id: found.mutations[0]!.request_id!, ...found };
    },

    listTracked: async (databaseId) => listTracked(await contextOf(databaseId)),
    track: async (databaseId, input) => track(await openCall(databaseId, ""), input),
    untrack: async (databaseId, table) => untrack(await openCall(databaseId, ""), table),
    restoreRow: async (databaseId, input, requestId) => restore(await openCall(databaseId, requestId), input),
  };
}

const nothingRecorded = (relation: Relation, id: string) =>
  posternError("Y1069", `There is no row ${id} in ${tableNameOf(relation)}, and nothing is recorded of one.`);

async function track(call: RecordCall, { table, mask }: TrackRequest): Promise<TrackedTable> {
  const relation = await findTable(call, table);
  const names = relation.columns.map(({ name }) => name);
  const unknown = mask?.find((column) => !names.includes(column));
  if (unknown !== undefined)
    throw posternError("Y1061", `Table ${tableNameOf(relation)} has no column ${unknown} to mask.`, {
      hint: `It has ${names.join(", ")}.`,
    });
  if (mask?.some((column) => relation.primaryKey.includes(column)))
    throw posternError("Y1061", "A column of the primary key cannot be masked: it names the row.");
  const masked = mask ?? relation.capture?.masked ?? [];
  return capture(call, relation, { captures: "all", primaryKey: relation.primaryKey, masked });
}

/** What comes through /records is logged in any case. */
async function untrack(call: RecordCall, table: string): Promise<TrackedTable> {
  const relation = await findTable(call, table);
  const masked = relation.capture?.masked ?? [];
  return capture(call, relation, { captures: "records", primaryKey: relation.primaryKey, masked });
}

async function findTable({ context }: RecordCall, table: string): Promise<Relation> {
  context.relations.forget(table);
  const relation = await context.relations.find(table);
  if (relation.kind === "r" || relation.kind === "p") return relation;
  throw posternError("Y1063", `${tableNameOf(relation)} is no table, so it has no changes of its own.`);
}

async function capture(
  { withAdmin, context }: RecordCall,
  relation: Relation,
  wanted: CaptureArguments,
): Promise<TrackedTable> {
  await withAdmin((client) => captureTable(client, relation, wanted));
  context.relations.forgetAll();
  return {
    table: tableNameOf(relation),
    captures: wanted.captures,
    primary_key: wanted.primaryKey,
    masked: wanted.masked,
  };
}

async function restore(
  call: RecordCall,
  { table, id, at, write = false }: RestoreRowRequest,
): Promise<RestoredRow> {
  const relation = await findTable(call, table);
  if (relation.primaryKey.length === 0) throw noPrimaryKey(relation);
  const plan = await planRestore(call.context, relation, id, at);
  const answer = {
    table: tableNameOf(relation),
    id,
    at,
    action: plan.action,
    changes: plan.changes,
    left_out: plan.left_out,
    written: false,
    request_id: call.requestId,
  };
  if (!write || plan.action === "none") return answer;
  await ensureCaptured(call, { table, operation: "update" }, relation);
  const { side, frame } = await frameFor(call.context, "owner", {
    requestId: call.requestId,
    begin: "begin",
  });
  const session = await RequestSession.open(side, frame);
  try {
    await writeRestore(session, relation, id, plan);
    await session.commit();
  } finally {
    await session.rollback();
  }
  return { ...answer, written: true };
}
