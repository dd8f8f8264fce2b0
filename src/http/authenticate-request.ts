/** In charge of the hooks that find out who speaks, before the body is read: a stranger's body is not worth memory. */
import type { FastifyRequest } from "fastify";
import type { AccountPrincipal, ClientPrincipal, DatabasePrincipal, Principal } from "../access/principal.ts";
import { looksLikeUserToken } from "../access/token-verifier.ts";
import { posternError } from "../base/error.ts";
import { findBearer, requireBearer } from "./bearer.ts";
import { type ConsoleGate, isThroughConsole } from "./console/console-gate.ts";
import { endStage } from "./server-timing.ts";
import type { AccessService } from "./services/access-services.ts";

type Hook = (request: FastifyRequest) => Promise<void>;

export interface AuthenticationHooks {
  /** An account's API key only. */
  account: Hook;
  /** An API key, or nothing. */
  accountIfAny: Hook;
  /** An API key, or a token of the database that the route is about. */
  accountOrDatabase: Hook;
  /** The same, and tokens that only read: for what shows no secrets and changes nothing. */
  accountOrReader: Hook;
  /** Whoever may ask the database in the path: its owner by token, or one of its clients. */
  database: (request: FastifyRequest<{ Params: { id: string } }>) => Promise<void>;
}

export function authenticationHooks(access: AccessService, gate: ConsoleGate): AuthenticationHooks {
  const authenticate = async (request: FastifyRequest): Promise<Principal> => {
    const signedIn = await gate.admit(request);
    if (signedIn) return signedIn.principal;
    const secret = requireBearer(request.raw);
    return secret.startsWith("pk_") ? access.authenticateKey(secret) : access.authenticateToken(secret);
  };

  const account: Hook = async (request) => {
    const principal = await authenticate(request);
    if (principal.kind === "database") {
      throw posternError("Y2003", "A database's token may not do this.", {
        hint: "Use an account's API key: `postern login`.",
      });
    }
    request.principal = principal;
  };
  return {
    account,
    async accountIfAny(request) {
      if (isThroughConsole(request) || findBearer(request.raw) !== undefined) await account(request);
    },
    async accountOrDatabase(request) {
      const principal = await authenticate(request);
      if (principal.kind === "database" && principal.readOnly) {
        throw posternError("Y2003", "A read-only token may not do this.", {
          hint: "Use a token with all rights, or an account's API key.",
        });
      }
      request.principal = principal;
    },
    async accountOrReader(request) {
      request.principal = await authenticate(request);
    },
    async database(request) {
      const { id } = request.params;
      const opened = await gate.openDatabase(request, id);
      if (opened) {
        request.principal = opened;
        return;
      }
      const secret = findBearer(request.raw);
      request.principal =
        secret === undefined || looksLikeUserToken(secret)
          ? await access.authenticateClient(id, secret)
          : await access.authenticateDatabase(id, secret);
      endStage(request, "auth");
    },
  };
}

/** The caller, on a route whose hook admits accounts and databases. */
export function principalOf(request: FastifyRequest): Principal {
  const { principal } = request;
  return principal && principal.kind !== "client" ? principal : unauthenticated(request);
}

/** The caller, on a route whose hook admits accounts only. */
export function accountOf(request: FastifyRequest): AccountPrincipal {
  return request.principal?.kind === "account" ? request.principal : unauthenticated(request);
}

/** The caller, on a route of the data plane. */
export function askerOf(request: FastifyRequest): DatabasePrincipal | ClientPrincipal {
  const { principal } = request;
  return principal && principal.kind !== "account" ? principal : unauthenticated(request);
}

function unauthenticated(request: FastifyRequest): never {
  throw posternError("Y9001", `Route ${request.routeOptions.url} let a caller in without looking.`);
}
