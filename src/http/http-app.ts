/** In charge of the type of the application that routes are added to, and of what a request carries along. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { ClientPrincipal, Principal } from "../access/principal.ts";
import type { StageTimes } from "./server-timing.ts";

export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyRequest {
    startedAtMs: number;
    /** Who speaks, once authenticated. */
    principal: Principal | ClientPrincipal | null;
    /** Code of the error that it was answered with. */
    errorCode: string | null;
    /** Made when somebody wants to know that the client has gone. */
    departure: AbortController | null;
    /** Present when the client asked for `Server-Timing`. */
    stageTimes: StageTimes | null;
  }
}
