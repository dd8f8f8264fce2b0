/** In charge of `/sql`: SQL over HTTP as the Neon serverless driver speaks it, and with it what is built on that driver. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Observe } from "../../base/observation.ts";
import { describeNeonError } from "../../query/neon/describe-neon-error.ts";
import { readNeonRequest } from "../../query/neon/neon-request.ts";
import { authenticateNeon } from "../authenticate-neon.ts";
import { askerOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import { type AnswerHold, claimFor } from "../hold-answer.ts";
import type { HttpApp } from "../http-app.ts";
import { corsHeadersFor, preflightSeconds } from "../origin-rules.ts";
import { parseJson } from "../read-body.ts";
import { echoedHeaders, neonHeaders, readNeonModes } from "../read-neon-headers.ts";
import { readOn } from "../read-on.ts";
import { sendEncoded } from "../send-encoded.ts";
import { describeError, keepConnection, publicError } from "../send-error.ts";
import { endStage } from "../server-timing.ts";
import type { HttpServices } from "../services/http-services.ts";
import { checkClient, type DataPlaneRules } from "./query.ts";

const allowedHeaders = [
  "authorization",
  "content-type",
  "neon-pool-opt-in",
  "x-request-id",
  ...Object.values(neonHeaders),
].join(", ");

export function neonRoutes(
  app: HttpApp,
  services: HttpServices,
  rules: DataPlaneRules,
  observe: Observe,
): void {
  // On every answer, errors included: a page would not even learn what went wrong.
  app.addHook("onRequest", async ({ headers }, reply) => {
    setHeaders(reply, corsHeadersFor(headers.origin ?? "", rules.origins));
  });
  // The driver says text/plain, or nothing.
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, parseJson(body as Buffer));
  });
  app.setErrorHandler((thrown, request, reply) => {
    sendNeonError(thrown, request, reply, observe);
  });
  for (const url of ["/sql", "/v1/db/:id/sql"]) {
    app.options(url, { schema: { hide: true } }, answerPreflight);
    app.post(url, {
      bodyLimit: rules.bodyLimit,
      schema: { hide: true },
      onRequest: async (request, reply) => {
        const { id } = request.params as { id?: string };
        request.principal = await authenticateNeon(services.access, request.raw, id);
        checkClient(request, reply, rules);
        endStage(request, "auth");
      },
      handler: (request, reply) => answer(services, request, reply, rules.hold),
    });
  }
}

/** A browser's question before the request proper. */
async function answerPreflight(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (reply.hasHeader("access-control-allow-origin")) {
    reply
      .header("access-control-allow-methods", "POST, OPTIONS")
      .header("access-control-allow-headers", allowedHeaders)
      .header("access-control-max-age", preflightSeconds);
  }
  return reply.code(204).send();
}

async function answer(
  services: HttpServices,
  request: FastifyRequest,
  reply: FastifyReply,
  hold: AnswerHold,
): Promise<void> {
  const { headers } = request;
  const input = readNeonRequest(request.body, readNeonModes(headers));
  endStage(request, "read");
  const asker = askerOf(request);
  const result = await services.query.neon(asker, input, {
    rowsAsArrays: false,
    requestId: request.id,
    signal: departureOf(request),
    claim: claimFor(reply.raw, hold, asker.databaseId),
  });
  endStage(request, "query");
  if (input.isBatch) setHeaders(reply, echoedHeaders(headers));
  sendEncoded(reply, result, hold);
}

function setHeaders(reply: FastifyReply, headers: readonly string[]): void {
  for (let at = 0; at < headers.length; at += 2) reply.header(headers[at]!, headers[at + 1]);
}

function sendNeonError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  observe: Observe,
): void {
  // Notes the code and reports what nobody expected, as for every other route.
  describeError(thrown, request, observe);
  const isOwner = request.principal?.kind !== "client";
  const { status, body } = describeNeonError(publicError(thrown), isOwner);
  if ((status === 503 || status === 429) && !reply.hasHeader("retry-after")) reply.header("retry-after", "1");
  reply.code(status).type("application/json; charset=utf-8");
  readOn(request.raw, () => {
    keepConnection(request, reply);
    reply.send(JSON.stringify({ ...body, request_id: request.id }));
  });
}
