/** In charge of the data plane: SQL over HTTP for all databases, each with sessions of its own. */
import type { QueryRequest, TransactionRequest } from "@postern/sdk/protocol";
import type { ClientPrincipal, DatabasePrincipal } from "../access/principal.ts";
import { sleep } from "../base/clock.ts";
import type { ClientLimits, Limits } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import type { ClientLogins } from "../instances/client-access.ts";
import type { DatabaseAddress } from "../instances/database-address.ts";
import type { AnswerSink } from "./answer-sink.ts";
import { ClientSide } from "./client/client-side.ts";
import { type ClientCall, runClientQuery, runClientTransaction } from "./client/run-client.ts";
import type { Signer } from "./client/sign-identity.ts";
import { type EncodedAnswer, encodedAnswer } from "./encoded-answer.ts";
import type { NeonRequest } from "./neon/neon-request.ts";
import { runClientNeon, runNeon } from "./neon/run-neon.ts";
import { OpenContexts } from "./open-contexts.ts";
import { createQueryContext, type QueryContext, type QueryOptions } from "./query-context.ts";
import { runQuery, type StatementKind } from "./run-query.ts";
import { runClientStream, runStream } from "./run-stream.ts";
import { runTransaction } from "./run-transaction.ts";
import { type StreamLimits, streamLimits as usualStreamLimits } from "./stream-limits.ts";

/** Who asks: a database's owner, or one of its clients. */
export type QueryTarget = Pick<DatabasePrincipal, "databaseId" | "readOnly"> | ClientPrincipal;

export interface QueryService {
  query(target: QueryTarget, request: QueryRequest, options?: QueryOptions): Promise<EncodedAnswer>;
  execute(target: QueryTarget, request: QueryRequest, options?: QueryOptions): Promise<EncodedAnswer>;
  transaction(
    target: QueryTarget,
    request: TransactionRequest,
    options?: QueryOptions,
  ): Promise<EncodedAnswer>;
  /** Rows as they come, a line each; resolves when the last line is in the sink. */
  stream(target: QueryTarget, request: QueryRequest, sink: AnswerSink, options?: QueryOptions): Promise<void>;
  /** In the manner of the Neon serverless driver. */
  neon(target: QueryTarget, request: NeonRequest, options?: QueryOptions): Promise<EncodedAnswer>;
  /**
   * Ends all sessions of the database and forgets where it is: before it is destroyed, restored or moved. Requests
   * under way fail with Y3004; the next one looks the database up again.
   */
  closeDatabase(databaseId: DatabaseId): Promise<void>;
  /**
   * The same, but requests under way are waited for, up to `drainMs`. To be called when the next ones wait where they look
   * the database up.
   */
  drainDatabase(databaseId: DatabaseId): Promise<void>;
  /** Closes its sessions as soon as each is free; no request is disturbed, and the next one opens new sessions. */
  retireSessions(databaseId: DatabaseId): Promise<void>;
  /** Ends the sessions of its clients: client access was switched off, or changed. */
  closeClients(databaseId: DatabaseId): Promise<void>;
  close(): Promise<void>;
}

export interface QueryServiceOptions {
  limits: Limits;
  clientLimits: ClientLimits;
  streamLimits?: StreamLimits;
  /** Where a database is. @throws when it can take no requests */
  findAddress(databaseId: DatabaseId): Promise<DatabaseAddress>;
  /** Makes the database ready for clients and says how to log in for them. */
  openClientAccess(databaseId: DatabaseId): Promise<ClientLogins>;
  /** Makes the log of changes ready and says how to speak for a request. */
  prepareLog?(databaseId: DatabaseId): Promise<Signer>;
}

const idleCheckMs = 10_000;
/** Well below what the daemon waits for its workers. */
const drainMs = 3_000;

export function createQueryService(options: QueryServiceOptions): QueryService {
  const { limits, clientLimits, findAddress, streamLimits = usualStreamLimits } = options;
  const contexts = new OpenContexts(async (databaseId) =>
    createQueryContext(
      await findAddress(databaseId),
      limits,
      streamLimits,
      options.prepareLog && (() => options.prepareLog!(databaseId)),
    ),
  );
  const clients = new ClientSide({
    limits: clientLimits,
    streamLimits,
    openClientAccess: options.openClientAccess,
  });

  const closeIdle = setInterval(() => {
    for (const context of contexts.all()) closeIdleSessions(context);
    clients.closeIdle();
  }, idleCheckMs).unref();

  async function closeDatabase(databaseId: DatabaseId, graceMs = 0): Promise<void> {
    const { opened: last, opening } = contexts.remove(databaseId);
    // Where it is being looked up, that may take long; what comes of it is closed at once.
    opening?.then(closeContext).catch(() => {});
    const deadline = performance.now() + graceMs;
    while (last && last.underWay > 0 && performance.now() < deadline) await sleep(10);
    await Promise.all([clients.close(databaseId, closedError()), last && closeContext(last)]);
  }

  const run: Run = async (target, given, asOwner, asClient) => {
    const queryOptions = !isClient(target) && target.readOnly ? { ...given, readOnly: true } : given;
    const context = contexts.get(target.databaseId) ?? (await contexts.open(target.databaseId));
    context.underWay++;
    try {
      return isClient(target)
        ? await clients.run(target, context, queryOptions, asClient)
        : await asOwner(context, queryOptions);
    } finally {
      context.underWay--;
    }
  };

  return {
    ...statementsOf(run),
    closeDatabase: (databaseId) => closeDatabase(databaseId),
    drainDatabase: (databaseId) => closeDatabase(databaseId, drainMs),
    async retireSessions(databaseId) {
      const context = contexts.get(databaseId);
      context?.pool.retire();
      context?.shared.retire();
      await clients.retire(databaseId);
    },
    closeClients: (databaseId) => clients.close(databaseId, closedError()),
    close: async () => {
      clearInterval(closeIdle);
      await Promise.all(contexts.ids().map((id) => closeDatabase(id)));
    },
  };
}

function closeIdleSessions({ pool, shared, streams }: QueryContext): void {
  pool.closeIdle();
  streams.pool.closeIdle();
  shared.closeIdle();
}

async function closeContext({ pool, shared, streams }: QueryContext): Promise<void> {
  await Promise.all([pool, streams.pool, shared].map((one) => one.close(closedError())));
}

/** Runs a request as the database's owner, or as one of its clients. */
type Run = <Result>(
  target: QueryTarget,
  options: QueryOptions,
  asOwner: (context: QueryContext, options: QueryOptions) => Promise<Result>,
  asClient: (call: ClientCall) => Promise<Result>,
) => Promise<Result>;

function statementsOf(
  runAny: Run,
): Pick<QueryService, "query" | "execute" | "transaction" | "neon" | "stream"> {
  const run = async (...args: Parameters<typeof runAny<Buffer[]>>): Promise<EncodedAnswer> =>
    encodedAnswer(await runAny(...args));
  const statement =
    (kind: StatementKind): QueryService["query"] =>
    (target, request, options = {}) =>
      run(
        target,
        options,
        (context, as) => runQuery(context, kind, request, as),
        (call) => runClientQuery(call, kind, request, options),
      );
  return {
    query: statement("query"),
    execute: statement("execute"),
    stream: (target, request, sink, options = {}) =>
      runAny(
        target,
        options,
        (context, as) => runStream(context, request, sink, as),
        (call) => runClientStream(call, request, sink, options),
      ),
    transaction: (target, request, options = {}) =>
      run(
        target,
        options,
        (context, as) => runTransaction(context, request, as),
        (call) => runClientTransaction(call, request, options),
      ),
    neon: (target, request, options = {}) =>
      run(
        target,
        options,
        (context, as) => runNeon(context, request, as),
        (call) => runClientNeon(call, request, options),
      ),
  };
}

const isClient = (target: QueryTarget): target is ClientPrincipal =>
  (target as Partial<ClientPrincipal>).kind === "client";

const closedError = () =>
  posternError("Y3004", "The database was taken out of service while the request ran.", {
    hint: "It is being restored, moved or destroyed; try again in a while.",
  });
