/** In charge of the routes of the data plane: SQL over HTTP. They are the hot ones. */
import type { OutgoingHttpHeaders } from "node:http";
import type { QueryRequest } from "@postern/sdk/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { posternError } from "../../base/error.ts";
import type { Observe } from "../../base/observation.ts";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { askerOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import { type AnswerHold, claimFor } from "../hold-answer.ts";
import type { HttpApp } from "../http-app.ts";
import { type ClientLimiter, tooManyRequests } from "../limit-clients.ts";
import { allowOrigin, answerPreflights, type OriginRules } from "../origin-rules.ts";
import { peerAddressOf } from "../peer-address.ts";
import { bodyTooLarge } from "../read-body.ts";
import {
  dataPlaneParams,
  dataPlaneQuery,
  executeResult,
  queryLine,
  queryRequest,
  queryResult,
  transactionRequest,
  transactionResult,
} from "../schemas/query.ts";
import { errors, json, jsonOrLines, security } from "../schemas/respond.ts";
import { sendEncoded } from "../send-encoded.ts";
import { describeError, publicError } from "../send-error.ts";
import { endStage } from "../server-timing.ts";
import type { HttpServices } from "../services/http-services.ts";
import type { EncodedAnswer, QueryOptions, QueryPrincipal } from "../services/query-services.ts";
import { linesType, ResponseSink, wantsLines } from "../stream-answer.ts";

export interface DataPlaneRules {
  bodyLimit: number;
  /** For callers without a token of the database's own. */
  clientBodyLimit: number;
  origins: OriginRules;
  limitClients: ClientLimiter;
  hold: AnswerHold;
}

/** Of an application's user and of nobody in particular: not too often, and not too much. @throws Y1018 Y1001 Y1004 */
export function checkClient(
  request: FastifyRequest,
  reply: FastifyReply,
  { limitClients, clientBodyLimit }: Pick<DataPlaneRules, "limitClients" | "clientBodyLimit">,
): void {
  const asker = askerOf(request);
  if (asker.kind !== "client") return;
  const seconds = limitClients(asker, peerAddressOf(request.raw));
  if (seconds > 0) {
    reply.header("retry-after", seconds);
    throw tooManyRequests(seconds);
  }
  checkLength(request, clientBodyLimit);
}

/** A stranger's body is read only when its length is known and small. */
function checkLength(request: FastifyRequest, limit: number): void {
  const length = request.headers["content-length"];
  if (length === undefined) {
    throw posternError("Y1001", "The request does not say how long its body is.", {
      hint: "Send content-length instead of a chunked body.",
    });
  }
  if (Number(length) > limit) throw bodyTooLarge();
}

const shared = {
  tags: ["SQL over HTTP"],
  description: "Also at the database's own host, there without the `/v1/db/{id}` in front.",
  security: security.database,
  params: dataPlaneParams,
  querystring: dataPlaneQuery,
};
const failures = errors(400, 401, 404, 409, 413, 503, 504, 507);

type AskRequest = FastifyRequest<{ Params: { id: string } }>;

export function queryRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  rules: DataPlaneRules,
  observe: Observe,
): void {
  const { bodyLimit, origins } = rules;
  answerPreflights(app, services.access, origins);
  const onRequest = [
    async (request: AskRequest, reply: FastifyReply) => {
      await allowOrigin(request, reply, services.access, origins);
    },
    caller.database,
    async (request: AskRequest, reply: FastifyReply) => checkClient(request, reply, rules),
  ];

  app.post("/v1/db/:id/query", {
    bodyLimit,
    schema: {
      ...shared,
      operationId: "query",
      summary: "Run one statement and get its rows",
      description: `${shared.description} With \`accept: application/x-ndjson\` the rows come as lines, however many there are.`,
      body: queryRequest,
      response: { 200: jsonOrLines("The rows.", queryResult, queryLine), ...failures },
    },
    onRequest,
    handler: (request, reply) =>
      wantsLines(request.headers.accept)
        ? stream(request, reply, services, request.body, request.query.rows, observe)
        : answer(request, reply, services.query.query, rules.hold),
  });

  app.post("/v1/db/:id/execute", {
    bodyLimit,
    schema: {
      ...shared,
      operationId: "execute",
      summary: "Run one statement and get the number of rows it changed",
      body: queryRequest,
      response: { 200: json("What it changed; with RETURNING also rows.", executeResult), ...failures },
    },
    onRequest,
    handler: (request, reply) => answer(request, reply, services.query.execute, rules.hold),
  });

  app.post("/v1/db/:id/transaction", {
    bodyLimit,
    schema: {
      ...shared,
      operationId: "transaction",
      summary: "Run several statements in one transaction",
      body: transactionRequest,
      response: { 200: json("One result for each statement.", transactionResult), ...failures },
    },
    onRequest,
    handler: (request, reply) => answer(request, reply, services.query.transaction, rules.hold),
  });
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  { query }: Pick<HttpServices, "query">,
  input: QueryRequest,
  rows: RowForm,
  observe: Observe,
): Promise<void> {
  endStage(request, "read");
  const sink = new ResponseSink(reply.raw, () => {
    reply.header("content-type", linesType);
    // From here on the framework has no say.
    reply.hijack();
    return reply.getHeaders() as OutgoingHttpHeaders;
  });
  const asker = askerOf(request);
  try {
    await query.stream(asker, input, sink, optionsOf(request, asker, rows));
    sink.end();
  } catch (error) {
    if (!sink.isStarted) throw error;
    describeError(error, request, observe);
    sink.end(publicError(error));
  }
}

const optionsOf = (request: FastifyRequest, asker: QueryPrincipal, rows: RowForm): QueryOptions => ({
  rowsAsArrays: rows === "array",
  requestId: request.id,
  signal: departureOf(request),
  callerAddress: asker.kind === "client" ? peerAddressOf(request.raw) : undefined,
});

type RowForm = z.output<typeof dataPlaneQuery>["rows"];
type Run<Input> = (principal: QueryPrincipal, input: Input, options: QueryOptions) => Promise<EncodedAnswer>;

async function answer<Input>(
  request: Pick<FastifyRequest, keyof FastifyRequest> & { body: Input; query: { rows?: RowForm } },
  reply: FastifyReply,
  run: Run<Input>,
  hold: AnswerHold,
): Promise<void> {
  endStage(request, "read");
  const asker = askerOf(request);
  const options = optionsOf(request, asker, request.query.rows);
  const claim = claimFor(reply.raw, hold, asker.databaseId);
  const result = await run(asker, request.body, { ...options, claim });
  endStage(request, "query");
  sendEncoded(reply, result, hold);
}
