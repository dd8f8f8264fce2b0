/**
 * In charge of which pages of other sites may ask a database that is open to clients. No cookie takes part anywhere, so a
 * page gets nothing that it has no credentials for, and every origin may be let in unless the configuration names some.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpApp } from "./http-app.ts";
import type { DataPlaneAccess } from "./services/access-services.ts";

/** Origins that may ask, `https://app.example.com`; `*`: all. */
export type OriginRules = readonly string[];

const exposed = "x-request-id, retry-after, server-timing";
/** Browsers ask again after this long, at most. */
export const preflightSeconds = 86_400;

/** For the answer to a page, errors included: without them it does not even learn what went wrong. Empty: it may not. */
export function corsHeadersFor(origin: string, rules: OriginRules): string[] {
  const exposing = ["access-control-expose-headers", exposed];
  if (rules.includes("*")) return ["access-control-allow-origin", "*", ...exposing];
  if (!rules.includes(origin)) return ["vary", "origin"];
  return ["access-control-allow-origin", origin, "vary", "origin", ...exposing];
}

/** The framework's way of the same. */
export async function allowOrigin(
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
  access: Pick<DataPlaneAccess, "isOpenToClients">,
  rules: OriginRules,
): Promise<boolean> {
  const { origin } = request.headers;
  if (origin === undefined || !(await access.isOpenToClients(request.params.id))) return false;
  const headers = corsHeadersFor(origin, rules);
  for (let at = 0; at < headers.length; at += 2) reply.header(headers[at]!, headers[at + 1]);
  return headers[0] === "access-control-allow-origin";
}

/** A browser's question before the request proper. A database that is not open to clients looks like no database at all. */
export function answerPreflights(
  app: HttpApp,
  access: Pick<DataPlaneAccess, "isOpenToClients">,
  rules: OriginRules,
): void {
  const paths = [
    "/v1/db/:id/:action(query|execute|transaction|records|requests)",
    "/v1/db/:id/requests/:request/:action(records|query|commit|rollback)",
  ];
  for (const path of paths)
    app.options<{ Params: { id: string } }>(
      path,
      { schema: { hide: true } as never },
      async (request, reply) => {
        if (await allowOrigin(request, reply, access, rules)) {
          reply
            .header("access-control-allow-methods", "POST")
            .header(
              "access-control-allow-headers",
              "authorization, content-type, x-request-id, idempotency-key, server-timing",
            )
            .header("access-control-max-age", preflightSeconds);
        }
        return reply.code(204).send();
      },
    );
}
