/** In charge of the routes by which administrators look after gateways and their tokens. */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { posternError } from "../../base/error.ts";
import { type AuthenticationHooks, accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import {
  createdGatewayToken,
  createGatewayTokenRequest,
  gatewayInfo,
  gatewayToken,
} from "../schemas/gateway.ts";
import { errors, json, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

const tags = ["Gateways"];

export function gatewayRoutes(app: HttpApp, { gateways }: HttpServices, caller: AuthenticationHooks): void {
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    await caller.account(request);
    if (accountOf(request).role === "admin") return;
    throw posternError("Y2003", "Gateways are the affair of administrators.");
  };
  const usual = { tags, security: security.account };

  app.get("/v1/gateways", {
    schema: {
      ...usual,
      operationId: "listGateways",
      summary: "List the gateways of the last day",
      response: { 200: json("The gateways.", z.array(gatewayInfo)), ...errors(401, 403) },
    },
    onRequest,
    handler: () => gateways.list(),
  });

  app.get("/v1/gateway-tokens", {
    schema: {
      ...usual,
      operationId: "listGatewayTokens",
      summary: "List the tokens that let gateways in",
      response: { 200: json("The tokens.", z.array(gatewayToken)), ...errors(401, 403) },
    },
    onRequest,
    handler: () => gateways.listTokens(),
  });

  app.post("/v1/gateway-tokens", {
    schema: {
      ...usual,
      operationId: "createGatewayToken",
      summary: "Make a token that lets gateways in",
      description: "Whoever has it may ask for what opens every database: keep it as an administrator's key.",
      body: createGatewayTokenRequest,
      response: { 201: json("The token.", createdGatewayToken), ...errors(400, 401, 403, 409) },
    },
    onRequest,
    handler: async (request, reply) => {
      reply.code(201);
      return gateways.createToken(request.body.name);
    },
  });

  app.delete("/v1/gateway-tokens/:ref", {
    schema: {
      ...usual,
      operationId: "revokeGatewayToken",
      summary: "Revoke a token of gateways; those that came by it are let go",
      params: z.object({ ref: z.string().min(1).max(100).describe("Id or name of the token.") }),
      response: { 200: json("The token.", gatewayToken), ...errors(401, 403, 404) },
    },
    onRequest,
    handler: (request) => gateways.revokeToken(request.params.ref),
  });
}
