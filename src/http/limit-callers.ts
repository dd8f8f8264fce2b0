/**
 * In charge of how often the control plane may be called. A caller who is known is counted by account key or database;
 * one who is not, or turns out not to be, by address: so nobody's guesses use up what others may do.
 */
import type { FastifyRequest } from "fastify";
import type { ClientPrincipal, Principal } from "../access/principal.ts";
import type { HttpApp } from "./http-app.ts";
import { peerAddressOf } from "./peer-address.ts";
import { networkOf, type RateLimiter } from "./rate-limiter.ts";
import { refuseOften } from "./refuse-often.ts";

export function limitCallers(app: HttpApp, limiter: RateLimiter): void {
  // Hooks of a route run after those of its plugin: authentication comes between these two.
  app.addHook("onRequest", async (request, reply) => {
    refuseOften(limiter.take(addressKey(request)), reply);
  });
  app.addHook("preParsing", async (request, reply) => {
    if (request.principal === null) return;
    limiter.giveBack(addressKey(request));
    refuseOften(limiter.take(principalKey(request.principal)), reply);
  });
}

const addressKey = ({ raw }: FastifyRequest): string => `address ${networkOf(peerAddressOf(raw))}`;

const principalKey = (principal: Principal | ClientPrincipal): string =>
  principal.kind === "account" ? `key ${principal.keyId}` : `database ${principal.databaseId}`;
