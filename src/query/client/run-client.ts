/**
 * In charge of running a client's statements: raw SQL of people that nobody trusts. One flight: BEGIN, who it is, the
 * role, each statement through the gate, COMMIT. The session is reset before anybody else gets it.
 */
import { randomInt } from "node:crypto";
import type { QueryRequest, TransactionRequest } from "@postern/sdk/protocol";
import type { VerifiedClaims } from "../../access/principal.ts";
import type { ClientLimits } from "../../base/config.ts";
import { PosternError } from "../../base/error.ts";
import { ServerError } from "../../postgres/wire/server-error.ts";
import type { Step } from "../batch-exchange.ts";
import { checkParams, checkStatement, checkStatements } from "../check-request.ts";
import { AnswerBudget } from "../json-writer.ts";
import type { QueryContext, QueryOptions } from "../query-context.ts";
import { ResultStep } from "../result-step.ts";
import { type ClientFrame, runBatch } from "../run-batch.ts";
import { finishStatement, type StatementKind } from "../run-query.ts";
import { beginCommand, finishTransaction } from "../run-transaction.ts";
import { sharedGateLength } from "../shared/prepared-statement.ts";
import { runShared, shareable } from "../shared/run-shared.ts";
import type { SharedStatement } from "../shared/shared-request.ts";
import type { StreamStep } from "../stream-step.ts";
import { gatePrefix, writeCommand } from "../write-statement.ts";
import type { ClientContext, ClientSessions } from "./client-context.ts";
import { identityOf } from "./client-sessions.ts";
import { writeAttach } from "./sign-identity.ts";

export interface ClientCall {
  clients: ClientContext;
  /** The owner's side of the same database: it is asked about types. */
  owner: QueryContext;
  limits: ClientLimits;
  /** Null: anon. */
  claims: VerifiedClaims | null;
}

export async function runClientQuery(
  call: ClientCall,
  kind: StatementKind,
  request: QueryRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  const rollsBack = options.rollsBack === true;
  const shared = rollsBack ? undefined : shareable(sideOf(call), [request], isReader(call));
  if (shared) {
    checkParams(request);
    const steps = await runSharedClient(call, shared, stepMaker(call, options), {
      ...options,
      isSingle: true,
    });
    return finishStatement(call.owner, kind, steps[0]!, options);
  }
  checkStatement(request);
  const [result] = makeSteps(call, 1, options);
  const batch = { statements: [request], steps: [result!], begin: "begin", isSingle: true, rollsBack };
  await runClientBatch(call.clients, call.claims, batch, options);
  return finishStatement(call.owner, kind, result!, options);
}

export async function runClientTransaction(
  call: ClientCall,
  request: TransactionRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  const { statements } = request;
  checkStatements(statements, call.limits.statements);
  const begin = beginCommand(request);
  const shared =
    begin === "begin" && statements.length > 0
      ? shareable(sideOf(call), statements, isReader(call))
      : undefined;
  if (shared) {
    const steps = await runSharedClient(call, shared, stepMaker(call, options), {
      ...options,
      isSingle: false,
    });
    return finishTransaction(call.owner, steps, options);
  }
  const steps = makeSteps(call, statements.length, options);
  const batch = { statements, steps, begin, isSingle: false };
  await runClientBatch(call.clients, call.claims, batch, options);
  return finishTransaction(call.owner, steps, options);
}

function makeSteps(call: ClientCall, count: number, options: QueryOptions): ResultStep[] {
  return Array.from({ length: count }, stepMaker(call, options).next);
}

/** Makes the steps of one request; they share a budget, which begins anew when the request is sent again. */
function stepMaker({ owner, limits }: ClientCall, { rowsAsArrays = false, claim }: QueryOptions) {
  owner.shapes.refresh(Date.now());
  let budget = new AnswerBudget(limits.answerBytes, claim);
  return {
    next: () => new ResultStep({ shapes: owner.shapes, budget, rowsAsArrays }),
    restart: () => {
      budget = new AnswerBudget(limits.answerBytes, claim);
    },
  };
}

/** A token that reads only. */
export const isReader = ({ claims }: Pick<ClientCall, "claims">): boolean =>
  claims?.tenant?.readOnly === true;

export const sideOf = ({ clients, claims }: ClientCall): ClientSessions =>
  claims ? clients.authenticated : clients.anonymous;

/** Resolves with the steps that heard the answers. @throws PosternError as `runClientBatch` does */
export async function runSharedClient<S extends Step>(
  call: ClientCall,
  statements: readonly SharedStatement[],
  steps: { next: () => S; restart: () => void },
  { signal, isSingle, trace }: Pick<QueryOptions, "signal" | "trace"> & { isSingle: boolean },
): Promise<S[]> {
  const { clients, claims } = call;
  const { authenticated: login, macKey } = clients.logins;
  const onSend = () => {
    trace?.sent();
    steps.restart();
  };
  const options = { isTransaction: !isSingle, signal, onSend };
  const prelude = claims ? { prelude: identityOf({ login, macKey }, claims) } : {};
  let isRefused = false;
  const onPreludeFailed = () => {
    isRefused = true;
  };
  try {
    return await runShared(sideOf(call), statements, steps.next, { ...options, ...prelude, onPreludeFailed });
  } catch (error) {
    throw asShownToClients(error, sharedGateLength, isRefused);
  }
}

export interface ClientBatch {
  statements: readonly QueryRequest[];
  steps: readonly Step[];
  /** `begin …`; for who only reads it becomes read only. */
  begin: string;
  isSingle: boolean;
  rollsBack?: boolean;
  stream?: StreamStep;
}

/** Without claims: anon. @throws PosternError that tells code, message and position, and nothing about others' data */
export async function runClientBatch(
  context: ClientContext,
  claims: VerifiedClaims | null,
  batch: ClientBatch,
  { signal, trace, requestId }: QueryOptions,
): Promise<void> {
  const sides = batch.stream ? context.streams : context;
  const side = claims ? sides.authenticated : sides.anonymous;
  const mayWrite = claims !== null && !isReader({ claims });
  const begin = mayWrite || / read only/.test(batch.begin) ? batch.begin : `${batch.begin} read only`;
  let isRefused = false;
  const client = frameOf(context, claims, requestId, () => {
    isRefused = true;
  });
  try {
    await runBatch(side, { ...batch, begin, client, ...(trace && { onSend: () => trace.sent() }) }, signal);
  } catch (error) {
    throw asShownToClients(error, gatePrefix.length, isRefused);
  }
}

const frameOf = (
  { logins }: ClientContext,
  claims: VerifiedClaims | null,
  requestId: string | undefined,
  onRefused: () => void,
): ClientFrame => ({
  identityStep: { onComplete() {}, onFailure: onRefused },
  writeIdentity(out, connection) {
    const signer = { login: logins.authenticated, macKey: logins.macKey };
    // The log of changes knows it, where the table is tracked: then a statement has a session to itself.
    if (claims)
      writeAttach(out, signer, connection, claims, requestId === undefined ? undefined : { requestId });
    writeCommand(out, `set local role ${claims ? "authenticated" : "anon"}`);
    // The one thing that DISCARD ALL leaves: whoever has set the seed would know what random() gives to the next user.
    writeCommand(out, `set seed to ${(randomInt(2 ** 48 - 1) / 2 ** 48).toFixed(15)}`);
    return claims ? 3 : 2;
  },
});

/** It is not the client's statement that failed, but what Postern says before it. */
export class IdentityError extends PosternError {}

/** Details and hints of Postgres's can show rows and names that the caller may not see. */
function asShownToClients(error: unknown, gateLength: number, isRefused: boolean): unknown {
  if (!(error instanceof PosternError) || !(error.cause instanceof ServerError)) return error;
  const { position } = error;
  const Shown = isRefused ? IdentityError : PosternError;
  return new Shown(error.code, error.message, {
    position: position === undefined ? undefined : Math.max(1, position - gateLength),
    statementIndex: error.statementIndex,
    cause: error.cause,
  });
}
