/** In charge of writing down who changed what: each request of the control plane that is no mere look, before it is answered. */
import type { FastifyRequest } from "fastify";
import type { Observe } from "../base/observation.ts";
import type { HttpApp } from "./http-app.ts";
import type { AuditedChange, AuditService } from "./services/server-services.ts";

/** They answer a question, and are no GET only because the question has a body. */
const questions = new Set([
  "compareMigrations",
  "testRowSecurity",
  "browseRows",
  "countRows",
  "readCell",
  "exportRows",
  "previewRowEdits",
]);

/** A stranger who was let in nowhere fills no log; a login that fails is worth a row. */
const entrances = new Set(["logIn", "createAccount", "signInToConsole"]);

/** Is it a mere look? */
export const isQuestion = (method: string, action: string | undefined): boolean =>
  ["GET", "HEAD", "OPTIONS"].includes(method) || (action !== undefined && questions.has(action));

export function recordChanges(app: HttpApp, audit: AuditService, observe: Observe): void {
  app.addHook("onSend", async (request, reply, payload) => {
    const change = describeChange(request, reply.statusCode);
    // The work is done: an answer that fails now would be a lie.
    if (change)
      await audit
        .record(change)
        .catch((error: unknown) => observe({ type: "fault", where: "the audit log", error }));
    return payload;
  });
}

/** Undefined: nothing was to be changed, or nobody knows by whom. */
function describeChange(request: FastifyRequest, status: number): AuditedChange | undefined {
  const action = (request.routeOptions.schema as { operationId?: string } | undefined)?.operationId;
  if (action === undefined || isQuestion(request.method, action)) return undefined;
  const { principal } = request;
  if (principal === null && !entrances.has(action)) return undefined;
  return {
    requestId: request.id,
    principal: principal?.kind === "client" ? null : principal,
    action,
    target: targetOf(request),
    status,
    code: request.errorCode,
  };
}

/** Names in bodies; everything else in them may be secret. */
const namingFields = ["project", "environment", "name", "username"];

/** What the path names, then what the body does. */
function targetOf({ params, body }: FastifyRequest): string | null {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const names = [
    ...Object.values((params ?? {}) as Record<string, unknown>),
    ...namingFields.map((field) => fields[field]),
  ].filter((value) => typeof value === "string" && value !== "");
  return names.length === 0 ? null : names.map((name) => harmless(name as string)).join("/");
}

/** A token or a password that was typed in the place of a name is not kept. */
const harmless = (name: string): string =>
  /^[\w.-]{1,63}$/.test(name) && !/^[0-9a-f]{40,}$/.test(name) ? name : "****";
