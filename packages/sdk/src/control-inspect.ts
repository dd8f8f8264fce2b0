/** In charge of the part of the control plane that tells what a database does now, did before, and what would make it faster. */
import type { Requests } from "./control-backups.ts";
import { databasePath, queryString } from "./control-paths.ts";
import type {
  DatabaseAdvice,
  DatabaseMetrics,
  EndedSessionInfo,
  LiveSessions,
  MetricsQuery,
  StatementTrends,
} from "./protocol.ts";

export function inspectMethods({ get, post }: Pick<Requests, "get" | "post">) {
  return {
    /** Who is connected now, what each does, and who waits for whom. */
    listSessions: (ref: string) => get<LiveSessions>(`${databasePath(ref)}/sessions`),
    cancelStatement: (ref: string, pid: number) =>
      post<EndedSessionInfo>(`${databasePath(ref)}/sessions/${pid}/cancel`),
    endSession: (ref: string, pid: number) =>
      post<EndedSessionInfo>(`${databasePath(ref)}/sessions/${pid}/end`),
    getAdvice: (ref: string) => get<DatabaseAdvice>(`${databasePath(ref)}/advice`),
    getTrends: (ref: string, query: { since_minutes?: number | undefined } = {}) =>
      get<StatementTrends>(`${databasePath(ref)}/statement-trends${queryString({ ...query })}`),
    /** Minute by minute, or in longer steps where the span is long. */
    getDatabaseMetrics: (ref: string, query: MetricsQuery = {}) =>
      get<DatabaseMetrics>(`${databasePath(ref)}/metrics${queryString({ ...query })}`),
  };
}
