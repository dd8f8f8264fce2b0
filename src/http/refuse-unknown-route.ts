/** In charge of answering for paths and methods that do not exist. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { posternError } from "../base/error.ts";
import type { HttpApp } from "./http-app.ts";
import type { SendError } from "./send-error.ts";

interface KnownPath {
  pattern: RegExp;
  methods: string[];
}

export function refuseUnknownRoutes(app: HttpApp, sendError: SendError): void {
  const known = new Map<string, KnownPath>();
  app.addHook("onRoute", ({ url, method }) => {
    const path = known.get(url) ?? { pattern: pathPattern(url), methods: [] };
    path.methods.push(...[method].flat());
    known.set(url, path);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0]!;
    const methods = [...known.values()].filter(({ pattern }) => pattern.test(path)).flatMap((p) => p.methods);
    if (methods.length === 0) sendError(unknownPath(request), request, reply);
    else refuseMethod(methods, request, reply, sendError);
  });
}

const pathPattern = (url: string) => new RegExp(`^${url.replace(/:[a-z]+/g, "[^/]+")}$`);

function unknownPath(request: FastifyRequest): Error {
  const path = request.originalUrl.split("?", 1)[0]!;
  return posternError("Y1005", `There is nothing at ${path}.`, {
    hint: "/openapi.json on the API's address lists what there is; SQL over HTTP is at a database's own host, or below /v1/db/<id>/.",
  });
}

function refuseMethod(
  methods: string[],
  request: FastifyRequest,
  reply: FastifyReply,
  sendError: SendError,
): void {
  reply.header("allow", methods.join(", "));
  const error = posternError("Y1005", `${request.method} does not work here; ${methods.join(" and ")} does.`);
  sendError(error, request, reply, 405);
}
