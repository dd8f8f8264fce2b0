/** In charge of the part of the control plane that tells what a database is asked. */
import type { Requests } from "./control-backups.ts";
import { databasePath, queryString } from "./control-paths.ts";
import type {
  LiveView,
  NPlusOneInfo,
  RequestTrace,
  StatementDetails,
  StatementInfo,
  StatementsQuery,
} from "./protocol.ts";

export function insightMethods({ get }: Pick<Requests, "get">) {
  return {
    /** Statements, whatever their values were, with what they took. */
    listStatements: (ref: string, query: StatementsQuery = {}) =>
      get<StatementInfo[]>(`${databasePath(ref)}/statements${queryString({ ...query })}`),
    getStatement: (ref: string, fingerprint: string, query: Pick<StatementsQuery, "since_minutes"> = {}) =>
      get<StatementDetails>(
        `${databasePath(ref)}/statements/${encodeURIComponent(fingerprint)}${queryString({ ...query })}`,
      ),
    /** Requests that were remarkable, the newest first. */
    listTraces: (ref: string, query: { limit?: number | undefined } = {}) =>
      get<RequestTrace[]>(`${databasePath(ref)}/traces${queryString({ ...query })}`),
    /** All that carried one `x-request-id`. */
    getTrace: (ref: string, requestId: string) =>
      get<RequestTrace>(`${databasePath(ref)}/traces/${encodeURIComponent(requestId)}`),
    /** What all databases are asked at this moment. */
    getLive: () => get<LiveView>("/v1/live"),
    listNPlusOne: (ref: string) => get<NPlusOneInfo[]>(`${databasePath(ref)}/n-plus-one`),
  };
}
