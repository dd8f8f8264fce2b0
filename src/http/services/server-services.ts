/** In charge of naming what the HTTP server needs for Postern itself: operations, its state, its metrics. */

import type { AuditEntry, ControlPlaneInfo, DaemonStatus, OperationInfo } from "@postern/sdk/protocol";
import type { AccountPrincipal, Principal } from "../../access/principal.ts";
import type { OperationId } from "../../base/id.ts";

export interface OperationService {
  list(
    principal: AccountPrincipal,
    input: { database?: string | undefined; before?: string | undefined; limit: number },
  ): Promise<OperationInfo[]>;
  /** Resolves when the operation ends, `waitMs` have passed or `signal` fires, with how it stands then. */
  describe(
    principal: Principal,
    input: { id: OperationId; waitMs: number; signal: AbortSignal },
  ): Promise<OperationInfo>;
  /** Undoes what it has begun; resolves before that is done. @throws Y3010 Y7060 Y7061 */
  cancel(principal: AccountPrincipal, input: { id: OperationId }): Promise<OperationInfo>;
  /**
   * The operation now and after each change, the last one ended; ends early, without an error, when `signal` fires.
   * The first `next()` rejects with Y3010 when there is no such operation.
   */
  watch(principal: Principal, input: { id: OperationId; signal: AbortSignal }): AsyncIterable<OperationInfo>;
  /** All that the account may see: first those under way, perhaps none, then those that have changed. */
  watchAll(principal: AccountPrincipal, input: { signal: AbortSignal }): AsyncIterable<OperationInfo[]>;
}

/** A request that was to change something, and what came of it. */
export interface AuditedChange {
  requestId: string;
  /** Null: nobody, as at a login. */
  principal: Principal | null;
  /** As the API's description names it. */
  action: string;
  target: string | null;
  status: number;
  code: string | null;
}

export interface AuditService {
  record(change: AuditedChange): Promise<void>;
  /** Administrators see everybody's, members their own. */
  list(
    principal: AccountPrincipal,
    filter: {
      actor?: string | undefined;
      action?: string | undefined;
      target?: string | undefined;
      since?: Date | undefined;
      outcome?: AuditEntry["outcome"] | undefined;
      before?: string | undefined;
      limit: number;
    },
  ): Promise<AuditEntry[]>;
}

export interface StatusService {
  describe(principal: AccountPrincipal): Promise<DaemonStatus>;
  /** Those that share its tables; none where it has tables of its own. */
  listControlPlanes(): Promise<ControlPlaneInfo[]>;
}

export interface MetricsService {
  contentType: string;
  /** `perDatabase`: also what is about single databases. */
  render(options: { perDatabase: boolean }): Promise<string>;
}
