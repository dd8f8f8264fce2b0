/** In charge of naming what the HTTP server needs for Postern itself: operations, its state, its metrics. */

import type { DaemonStatus, OperationInfo } from "@postern/sdk/protocol";
import type { AccountPrincipal, Principal } from "../../access/principal.ts";
import type { OperationId } from "../../base/id.ts";

export interface OperationService {
  list(
    principal: AccountPrincipal,
    input: { database?: string | undefined; limit: number },
  ): Promise<OperationInfo[]>;
  /** Resolves when the operation ends, `waitMs` have passed or `signal` fires, with how it stands then. */
  describe(
    principal: Principal,
    input: { id: OperationId; waitMs: number; signal: AbortSignal },
  ): Promise<OperationInfo>;
  /**
   * The operation now and after each change, the last one ended; ends early, without an error, when `signal` fires.
   * The first `next()` rejects with Y3010 when there is no such operation.
   */
  watch(principal: Principal, input: { id: OperationId; signal: AbortSignal }): AsyncIterable<OperationInfo>;
}

export interface StatusService {
  describe(principal: AccountPrincipal): Promise<DaemonStatus>;
}

export interface MetricsService {
  contentType: string;
  /** `perDatabase`: also what is about single databases. */
  render(options: { perDatabase: boolean }): Promise<string>;
}
