/** In charge of the clients of all databases: their sessions, opened when first needed, and how many requests each caller may have under way. */
import { type ClientPrincipal, callerOf } from "../../access/principal.ts";
import type { ClientLimits } from "../../base/config.ts";
import { hasCode, type PosternError } from "../../base/error.ts";
import type { DatabaseId } from "../../base/id.ts";
import type { ClientLogins } from "../../instances/client-access.ts";
import { ServerError } from "../../postgres/wire/server-error.ts";
import type { QueryContext, QueryOptions } from "../query-context.ts";
import type { StreamLimits } from "../stream-limits.ts";
import {
  type ClientContext,
  closeClientContext,
  closeIdleClients,
  countUnderWay,
  createClientContext,
} from "./client-context.ts";
import { type ClientCall, IdentityError } from "./run-client.ts";

export interface ClientSideOptions {
  limits: ClientLimits;
  streamLimits: StreamLimits;
  openClientAccess(databaseId: DatabaseId): Promise<ClientLogins>;
}

/** A client's login that fails is prepared anew, but not more often than this. */
const mendEveryMs = 5_000;

export class ClientSide {
  readonly #options: ClientSideOptions;
  readonly #contexts = new Map<DatabaseId, { context: Promise<ClientContext>; preparedAt: number }>();

  constructor(options: ClientSideOptions) {
    this.#options = options;
  }

  /** @throws Y1018 when the caller has too many requests under way, and what `work` throws */
  async run<Result>(
    { databaseId, claims }: ClientPrincipal,
    owner: QueryContext,
    options: QueryOptions,
    work: (call: ClientCall) => Promise<Result>,
  ): Promise<Result> {
    const { limits } = this.#options;
    const clients = await this.#contextOf(databaseId, owner);
    const caller = claims ? callerOf(claims) : `from ${options.callerAddress ?? ""}`;
    return countUnderWay(clients, caller, limits.underWayPerCaller, async () => {
      try {
        return await work({ clients, owner, limits, claims });
      } catch (error) {
        if (wantsMending(error)) await this.#mend(databaseId, error as PosternError);
        throw error;
      }
    });
  }

  closeIdle(): void {
    for (const { context } of this.#contexts.values()) {
      context.then(closeIdleClients, () => {});
    }
  }

  /** Closes the sessions as soon as each is free. */
  async retire(databaseId: DatabaseId): Promise<void> {
    const context = await this.#contexts.get(databaseId)?.context.catch(() => undefined);
    context?.authenticated.pool.retire();
    context?.anonymous.pool.retire();
  }

  async close(databaseId: DatabaseId, because: PosternError): Promise<void> {
    const known = this.#contexts.get(databaseId);
    this.#contexts.delete(databaseId);
    const context = await known?.context.catch(() => undefined);
    if (context) await closeClientContext(context, because);
  }

  async #contextOf(databaseId: DatabaseId, owner: QueryContext): Promise<ClientContext> {
    const known = this.#contexts.get(databaseId);
    if (known) return known.context;
    const { limits, streamLimits, openClientAccess } = this.#options;
    const context = openClientAccess(databaseId).then((logins) =>
      createClientContext(owner, logins, limits, streamLimits),
    );
    this.#contexts.set(databaseId, { context, preparedAt: performance.now() });
    context.catch(() => {
      if (this.#contexts.get(databaseId)?.context === context) this.#contexts.delete(databaseId);
    });
    return context;
  }

  /** Somebody has meddled with the login roles, or the database is another than it was: they are made ready again. */
  async #mend(databaseId: DatabaseId, because: PosternError): Promise<void> {
    const known = this.#contexts.get(databaseId);
    if (known && performance.now() - known.preparedAt > mendEveryMs) await this.close(databaseId, because);
  }
}

/**
 * A login or an identity that Postgres refuses. Never what a client's own statement ends with, nor a connection that it may
 * have broken: then anybody could have everybody's sessions closed.
 */
const wantsMending = (error: unknown): boolean =>
  error instanceof IdentityError ||
  (hasCode(error, "Y4001") && error instanceof Error && error.cause instanceof ServerError);
