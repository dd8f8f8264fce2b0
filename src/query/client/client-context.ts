/** In charge of what the data plane keeps for the clients of one database: sessions of login roles that may do nothing but become anon or authenticated. */
import type { ClientLimits } from "../../base/config.ts";
import { type PosternError, posternError } from "../../base/error.ts";
import type { ClientLogins } from "../../instances/client-access.ts";
import type { DatabaseAddress } from "../../instances/database-address.ts";
import { openSession } from "../open-session.ts";
import type { BatchContext } from "../run-batch.ts";
import { SessionPool } from "../session-pool.ts";
import { sessionSettings } from "../session-settings.ts";
import type { TypeCatalog } from "../type-catalog.ts";

export interface ClientContext {
  logins: ClientLogins;
  authenticated: BatchContext;
  anonymous: BatchContext;
  /** Requests under way, by caller. */
  underWay: Map<string, number>;
}

const secondMs = 1_000;

export function createClientContext(
  address: DatabaseAddress,
  logins: ClientLogins,
  catalog: TypeCatalog,
  limits: ClientLimits,
): ClientContext {
  const settings = { ...logins.settings, ...sessionSettings(limits.statementTimeoutMs) };
  const contextOf = (user: string): BatchContext => ({
    catalog,
    limits,
    pool: new SessionPool({
      open: (signal) =>
        openSession({ ...address, user, settings, timeoutMs: 10 * secondMs }, 2 * secondMs, signal),
      size: limits.connectionsPerRole,
      queueLength: 200,
      queueTimeoutMs: 8 * secondMs,
      idleTimeoutMs: 60 * secondMs,
      maxLifetimeMs: 10 * 60 * secondMs,
    }),
  });
  return {
    logins,
    authenticated: contextOf(logins.authenticated),
    anonymous: contextOf(logins.anonymous),
    underWay: new Map(),
  };
}

export async function closeClientContext(
  { authenticated, anonymous }: ClientContext,
  because: PosternError,
): Promise<void> {
  await Promise.all([authenticated.pool.close(because), anonymous.pool.close(because)]);
}

/** Runs `work` unless the caller has too many requests under way already. @throws Y1018 */
export async function countUnderWay<Result>(
  { underWay }: ClientContext,
  caller: string,
  most: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const count = underWay.get(caller) ?? 0;
  if (count >= most) {
    throw posternError("Y1018", `${most} of your requests are under way already.`, {
      hint: "Wait for their answers before you send more.",
    });
  }
  underWay.set(caller, count + 1);
  try {
    return await work();
  } finally {
    const left = underWay.get(caller)! - 1;
    if (left > 0) underWay.set(caller, left);
    else underWay.delete(caller);
  }
}
