/** In charge of naming what the HTTP server needs to tell what a database does, did, and would gain by. */
import type {
  DatabaseAdvice,
  DatabaseMetrics,
  EndedSessionInfo,
  LiveSessions,
  StatementTrends,
} from "@postern/sdk/protocol";
import type { Principal } from "../../access/principal.ts";
import type { DatabaseRef } from "./database-services.ts";

export interface InspectService {
  sessions(principal: Principal, input: DatabaseRef): Promise<LiveSessions>;
  /** Now, and again when something has changed, until `signal` fires. */
  watchSessions(
    principal: Principal,
    input: DatabaseRef & { signal: AbortSignal },
  ): AsyncIterable<LiveSessions>;
  /** @throws Y9010 Y9011 */
  endSession(
    principal: Principal,
    input: DatabaseRef & { pid: number; onlyStatement: boolean },
  ): Promise<EndedSessionInfo>;
  advice(principal: Principal, input: DatabaseRef): Promise<DatabaseAdvice>;
  trends(principal: Principal, input: DatabaseRef & { since_minutes: number }): Promise<StatementTrends>;
  /** @throws Y1105 */
  metrics(
    principal: Principal,
    input: DatabaseRef & { since_minutes: number; from?: string | undefined; to?: string | undefined },
  ): Promise<DatabaseMetrics>;
}
