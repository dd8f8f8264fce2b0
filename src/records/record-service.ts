/** In charge of structured queries and of requests that hold a transaction open, for all databases. */
import type {
  EndedRequest,
  OpenRequest,
  OpenRequestInput,
  QueryRequest,
  RecordQuery,
} from "@postern/sdk/protocol";
import type pg from "pg";
import type { ClientLimits, Limits } from "../base/config.ts";
import type { DepartureSignal } from "../base/departure.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import type { Observe } from "../base/observation.ts";
import type { ClientLogins } from "../instances/client-access.ts";
import type { DatabaseAddress } from "../instances/database-address.ts";
import type { RequestSigner } from "../instances/state-log.ts";
import { type EncodedAnswer, encodedAnswer } from "../query/encoded-answer.ts";
import type { QueryTarget } from "../query/query-service.ts";
import { OpenRequests, type RequestTimes } from "./open-requests.ts";
import type { RecordCall } from "./record-call.ts";
import {
  closeIdleRecords,
  closeRecordContext,
  createRecordContext,
  type RecordContext,
} from "./record-context.ts";
import { runRecords } from "./run-records.ts";
import { type CheckRows, runTogether } from "./run-together.ts";
import { type StateMethods, stateMethods } from "./state-methods.ts";
import { AttemptWriter } from "./write-attempts.ts";

export interface RecordOptions {
  requestId: string;
  signal?: DepartureSignal | undefined;
  /** A request with the same one is answered as the first was, and does nothing. */
  idempotencyKey?: string | undefined;
}

export interface RecordService extends StateMethods {
  run(target: QueryTarget, query: RecordQuery, options: RecordOptions): Promise<EncodedAnswer>;
  /** All of them or none. @throws what `check` throws as well */
  runTogether(
    target: QueryTarget,
    queries: readonly RecordQuery[],
    check: CheckRows,
    options: RecordOptions,
  ): Promise<void>;
  /** A transaction that is held open until it is ended, or too long. */
  openRequest(target: QueryTarget, input: OpenRequestInput, options: RecordOptions): Promise<OpenRequest>;
  /** In the transaction of an open request. */
  runIn(
    target: QueryTarget,
    id: string,
    query: RecordQuery,
    signal?: DepartureSignal,
  ): Promise<EncodedAnswer>;
  queryIn(
    target: QueryTarget,
    id: string,
    request: QueryRequest,
    signal?: DepartureSignal,
  ): Promise<EncodedAnswer>;
  commit(target: QueryTarget, id: string): Promise<EndedRequest>;
  rollback(target: QueryTarget, id: string): Promise<EndedRequest>;
  closeDatabase(databaseId: DatabaseId): Promise<void>;
  closeClients(databaseId: DatabaseId): Promise<void>;
  close(): Promise<void>;
}

export interface RecordServiceOptions {
  /** The control plane that holds open requests, where there are several. */
  holder?: string | undefined;
  limits: Limits;
  clientLimits: ClientLimits;
  observe: Observe;
  /** How long requests may be held open. */
  times: RequestTimes;
  /** Where a database is. @throws when it can take no requests */
  findAddress(databaseId: DatabaseId): Promise<DatabaseAddress>;
  openClientAccess(databaseId: DatabaseId): Promise<ClientLogins>;
  /** Makes the log ready and says how to speak for a request. */
  prepareLog(databaseId: DatabaseId): Promise<RequestSigner>;
  withAdmin<Result>(databaseId: DatabaseId, work: (client: pg.Client) => Promise<Result>): Promise<Result>;
}

const idleCheckMs = 10_000;
const keepLogsMs = 6 * 3_600_000;

export function createRecordService(options: RecordServiceOptions): RecordService {
  const contexts = new Map<DatabaseId, Promise<RecordContext>>();
  const attempts = new Map<DatabaseId, AttemptWriter>();
  const requests = new OpenRequests(options.times, options.holder);
  const closeIdle = setInterval(() => {
    for (const context of contexts.values()) context.then(closeIdleRecords, () => {});
  }, idleCheckMs).unref();

  const keepLogs = setInterval(() => keepAll(options, contexts.keys()), keepLogsMs).unref();

  function contextOf(databaseId: DatabaseId): Promise<RecordContext> {
    const known = contexts.get(databaseId);
    if (known) return known;
    const opening = openContext(options, databaseId);
    contexts.set(databaseId, opening);
    opening.catch(() => {
      if (contexts.get(databaseId) === opening) contexts.delete(databaseId);
    });
    return opening;
  }

  function attemptsOf(databaseId: DatabaseId): AttemptWriter {
    const known = attempts.get(databaseId);
    if (known) return known;
    const made = new AttemptWriter({
      withAdmin: (work) => options.withAdmin(databaseId, work),
      observe: options.observe,
    });
    attempts.set(databaseId, made);
    return made;
  }

  const callFor = async (target: QueryTarget, { requestId }: RecordOptions): Promise<RecordCall> => ({
    context: await contextOf(target.databaseId),
    target,
    requestId,
    attempts: attemptsOf(target.databaseId),
    withAdmin: (work) => options.withAdmin(target.databaseId, work),
    limits: options,
  });

  async function closeDatabase(databaseId: DatabaseId): Promise<void> {
    const context = contexts.get(databaseId);
    contexts.delete(databaseId);
    await requests.close(databaseId);
    await context?.then(
      (open) => closeRecordContext(open, closedError()),
      () => {},
    );
    attempts.delete(databaseId);
  }

  return {
    ...stateMethods((databaseId, requestId) => callFor({ databaseId }, { requestId })),
    async run(target, query, recordOptions) {
      return encodedAnswer(await runRecords(await callFor(target, recordOptions), query, recordOptions));
    },
    async runTogether(target, queries, check, recordOptions) {
      await runTogether(await callFor(target, recordOptions), queries, check, recordOptions);
    },
    openRequest: async (target, input, recordOptions) =>
      requests.open(await callFor(target, recordOptions), input, recordOptions.signal),
    runIn: (target, id, ...asked) => requests.records(id, target, ...asked).then(encodedAnswer),
    queryIn: (target, id, ...asked) => requests.query(id, target, ...asked).then(encodedAnswer),
    commit: (target, id) => requests.commit(id, target),
    rollback: (target, id) => requests.rollback(id, target),
    closeDatabase,
    closeClients: closeDatabase,
    async close() {
      clearInterval(closeIdle);
      clearInterval(keepLogs);
      await requests.close();
      await Promise.all([...contexts.keys()].map(closeDatabase));
    },
  };
}

/** The next month's partition is made before it is needed, and what is too old goes. */
function keepAll({ prepareLog, observe }: RecordServiceOptions, databases: Iterable<DatabaseId>): void {
  for (const databaseId of databases)
    prepareLog(databaseId).catch((error: unknown) =>
      observe({ type: "fault", where: `the log of changes of ${databaseId}`, error }),
    );
}

async function openContext(options: RecordServiceOptions, databaseId: DatabaseId): Promise<RecordContext> {
  const address = await options.findAddress(databaseId);
  const signer = await options.prepareLog(databaseId);
  return createRecordContext({
    ...options,
    address,
    signer,
    openClientAccess: () => options.openClientAccess(databaseId),
  });
}

const closedError = () =>
  posternError("Y3004", "The database was taken out of service while the request ran.", {
    hint: "It is being restored, moved or destroyed; try again in a while.",
  });
