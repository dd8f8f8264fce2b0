/** In charge of the route that Prometheus reads. */
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { posternError } from "../../base/error.ts";
import { isLoopback } from "../../base/listen.ts";
import { type AuthenticationHooks, accountOf } from "../authenticate-request.ts";
import type { HttpApp } from "../http-app.ts";
import { peerAddressOf } from "../peer-address.ts";
import { networkOf } from "../rate-limiter.ts";
import { errors, security } from "../schemas/respond.ts";
import type { HttpServices } from "../services/http-services.ts";

/** `loopback`: programs on this machine need no key, and are told nothing of single databases. */
export type MetricsAudience = "key" | "loopback";

export function metricsRoutes(
  app: HttpApp,
  services: HttpServices,
  caller: AuthenticationHooks,
  audience: MetricsAudience,
): void {
  app.get("/metrics", {
    schema: {
      tags: ["Status"],
      operationId: "getMetrics",
      summary: "Metrics in Prometheus's text format",
      description:
        "Needs an administrator's API key. With `POSTERN_METRICS_PUBLIC=1` programs on this machine need none, and get what is not about single databases.",
      security: security.accountIfAny,
      response: {
        200: { description: "The metrics.", content: { "text/plain": { schema: z.string() } } },
        ...errors(401, 403),
      },
    },
    onRequest: async (request) => {
      if (audience === "loopback" && isPlainlyLocal(request)) return;
      await caller.account(request);
      if (accountOf(request).role === "admin") return;
      throw posternError("Y2003", "Metrics are for administrators.");
    },
    handler: async (request, reply) => {
      const text = await services.metrics.render({ perDatabase: request.principal !== null });
      return reply.type(services.metrics.contentType).send(text);
    },
  });
}

/** A proxy on this machine brings others with it. */
function isPlainlyLocal({ raw, headers }: FastifyRequest): boolean {
  const isForwarded = headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined;
  const address = peerAddressOf(raw);
  const isLocal = address === "::1" || isLoopback(networkOf(address));
  return isLocal && !isForwarded && headers.authorization === undefined;
}
