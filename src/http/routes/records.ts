/** In charge of the routes of structured queries, beside those of SQL. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AuthenticationHooks } from "../authenticate-request.ts";
import { askerOf } from "../authenticate-request.ts";
import { departureOf } from "../follow-request.ts";
import type { HttpApp } from "../http-app.ts";
import { allowOrigin } from "../origin-rules.ts";
import { peerAddressOf } from "../peer-address.ts";
import { readIdempotencyKey } from "../read-idempotency-key.ts";
import { dataPlaneParams } from "../schemas/query.ts";
import { recordQuery, recordRows } from "../schemas/records.ts";
import { errors, json, security } from "../schemas/respond.ts";
import { sendEncoded } from "../send-encoded.ts";
import { endStage } from "../server-timing.ts";
import type { HttpServices } from "../services/http-services.ts";
import type { RecordOptions } from "../services/record-services.ts";
import { checkClient, type DataPlaneRules } from "./query.ts";

type AskRequest = FastifyRequest<{ Params: { id: string } }>;

/** What every route of the data plane checks before it reads a body. */
export const dataPlaneHooks = (
  services: Pick<HttpServices, "access">,
  caller: AuthenticationHooks,
  rules: DataPlaneRules,
) => [
  async (request: AskRequest, reply: FastifyReply) => {
    await allowOrigin(request, reply, services.access, rules.origins);
  },
  caller.database,
  async (request: AskRequest, reply: FastifyReply) => checkClient(request, reply, rules),
];

export function recordRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  rules: DataPlaneRules,
): void {
  app.post("/v1/db/:id/records", {
    bodyLimit: rules.bodyLimit,
    schema: {
      tags: ["Records"],
      operationId: "records",
      summary: "Read or write rows by a structured query",
      description:
        "Also at the database's own host. Every write leaves a record in the log of changes, under the request's `x-request-id`. With `idempotency-key` a write is done once, however often it is sent.",
      security: security.database,
      params: dataPlaneParams,
      body: recordQuery,
      response: {
        200: json("The rows.", recordRows),
        ...errors(400, 401, 403, 404, 409, 413, 503, 504, 507),
      },
    },
    onRequest: dataPlaneHooks(services, caller, rules),
    handler: async (request, reply) => {
      endStage(request, "read");
      const result = await services.records.run(askerOf(request), request.body, recordOptionsOf(request));
      endStage(request, "query");
      sendEncoded(reply, result, rules.hold);
    },
  });
}

export const recordOptionsOf = (request: FastifyRequest): RecordOptions => ({
  requestId: request.id,
  signal: departureOf(request),
  idempotencyKey: readIdempotencyKey(request.raw),
  callerAddress: peerAddressOf(request.raw),
});
