/**
 * In charge of the routes by which gateways talk to the control plane: no part of the API that others use, and not counted
 * against what callers may ask.
 */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { posternError } from "../../base/error.ts";
import type { Observe } from "../../base/observation.ts";
import { requireBearer } from "../bearer.ts";
import { departureOf } from "../follow-request.ts";
import type { HttpApp } from "../http-app.ts";
import {
  gatewayCancel,
  gatewayDone,
  gatewayHello,
  gatewayLeave,
  gatewayQuestion,
  gatewayReport,
} from "../schemas/gateway.ts";
import { sendEvents } from "../send-events.ts";
import type { GatewayPrincipal, GatewayService } from "../services/gateway-services.ts";
import type { HttpServices } from "../services/http-services.ts";

const hidden = { hide: true } as const;

export function gatewayTalkRoutes(app: HttpApp, { gateways }: HttpServices, observe: Observe): void {
  const callers = new WeakMap<FastifyRequest, GatewayPrincipal>();
  app.addHook("onRequest", async (request) => {
    callers.set(request, await gateways.authenticate(requireBearer(request.raw)));
  });
  const callerOf = (request: FastifyRequest): GatewayPrincipal => {
    const caller = callers.get(request);
    if (!caller) throw posternError("Y9001", "A gateway's route let a caller in without looking.");
    return caller;
  };

  app.get("/v1/gateway/stream", {
    schema: { ...hidden, querystring: gatewayHello },
    handler: async (request, reply) => {
      const signal = departureOf(request);
      const events = gateways.connect(callerOf(request), request.query, signal);
      await sendEvents(reply, events, observe);
    },
  });
  talk(app, gateways, callerOf);
}

function talk(
  app: HttpApp,
  gateways: GatewayService,
  callerOf: (request: FastifyRequest) => GatewayPrincipal,
): void {
  app.post("/v1/gateway/ask", {
    schema: { ...hidden, body: gatewayQuestion, response: { 200: z.unknown() } },
    handler: async ({ body }) => ({ value: await gateways.ask(body.what, body.argument) }),
  });

  app.post("/v1/gateway/done", {
    schema: { ...hidden, body: gatewayDone },
    handler: async (request, reply) => {
      gateways.done(callerOf(request), request.body.id, request.body.orders);
      return reply.code(204).send();
    },
  });

  app.post("/v1/gateway/cancel", {
    schema: { ...hidden, body: gatewayCancel },
    handler: async ({ body }, reply) => {
      gateways.cancel(body.digest);
      return reply.code(204).send();
    },
  });

  app.post("/v1/gateway/report", {
    schema: { ...hidden, body: gatewayReport },
    handler: async (request, reply) => {
      await gateways.report(request.body);
      return reply.code(204).send();
    },
  });

  app.post("/v1/gateway/leave", {
    schema: { ...hidden, body: gatewayLeave },
    handler: async (request, reply) => {
      await gateways.leave(callerOf(request), request.body.id);
      return reply.code(204).send();
    },
  });
}
