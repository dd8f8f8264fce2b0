/**
 * In charge of the console's way to the API: `/console/v1/…` is `/v1/…` and `/console/admin/…` is `/admin/…`, asked with the cookie
 * of a session. A cookie counts there and nowhere else, only for the console's own page, and changes nothing unless the session was unlocked.
 */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import type { ConsoleCaller } from "../../access/console-sessions.ts";
import type { DatabasePrincipal } from "../../access/principal.ts";
import { posternError } from "../../base/error.ts";
import { isQuestion } from "../record-changes.ts";
import type { RequestHost } from "../request-host.ts";
import type { ConsoleService } from "../services/console-services.ts";
import { consoleHeader, foreign, requireOwnPage } from "./console-origin.ts";
import { readSessionCookie } from "./session-cookie.ts";

const prefixes = ["/console/v1/", "/console/admin/"];
const throughConsole = new WeakSet<IncomingMessage>();

/** The address that the console means; undefined: it is not the console that asks. */
export function takeConsolePath(request: IncomingMessage, host: RequestHost): string | undefined {
  const { url } = request;
  if (!prefixes.some((prefix) => url?.startsWith(prefix)) || !host.isOwn(request.headers.host))
    return undefined;
  throughConsole.add(request);
  return url!.slice("/console".length);
}

export const isThroughConsole = ({ raw }: FastifyRequest): boolean => throughConsole.has(raw);

export interface ConsoleGate {
  /** Whoever is signed in; undefined: it is not the console that asks. @throws Y1090 Y1091 Y1092 */
  admit(request: FastifyRequest): Promise<ConsoleCaller | undefined>;
  /** For the routes of the session itself, which a locked one may use. @throws Y1091 Y1092 */
  admitToSession(request: FastifyRequest): Promise<ConsoleCaller>;
  /** Who asks a database's data plane: locked sessions as its read-only token would. @throws Y1091 Y1092 Y3001 */
  openDatabase(request: FastifyRequest, databaseId: string): Promise<DatabasePrincipal | undefined>;
}

export function createConsoleGate(
  service: Pick<ConsoleService, "authenticate" | "openDatabase">,
): ConsoleGate {
  async function admitToSession(request: FastifyRequest): Promise<ConsoleCaller> {
    requireOwnPage(request);
    if (request.headers.authorization !== undefined) throw foreign("it has an Authorization header");
    const caller = await service.authenticate(readSessionCookie(request));
    if (!isEqual(String(request.headers[consoleHeader]), caller.csrfToken))
      throw foreign(`its ${consoleHeader} is not this session's`);
    return caller;
  }
  return {
    admitToSession,
    async openDatabase(request, databaseId) {
      if (!isThroughConsole(request)) return undefined;
      return service.openDatabase(await admitToSession(request), databaseId);
    },
    async admit(request) {
      if (!isThroughConsole(request)) return undefined;
      const caller = await admitToSession(request);
      requireUnlocked(request, caller);
      return caller;
    },
  };
}

function requireUnlocked(request: FastifyRequest, { unlocked }: ConsoleCaller): void {
  const action = (request.routeOptions.schema as { operationId?: string } | undefined)?.operationId;
  if (action === "logOut") throw posternError("Y1005", "The console is left at DELETE /console/session.");
  if (unlocked || isQuestion(request.method, action)) return;
  throw posternError("Y1090", "This session of the console only looks.", {
    hint: "Unlock changes first: the lock at the top of each page.",
  });
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)] as const;
  return a.length === b.length && timingSafeEqual(a, b);
}
