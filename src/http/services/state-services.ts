/** In charge of naming what the HTTP server needs for the log of changes. */
import type {
  RequestMutations,
  RestoredRow,
  RestoreRowRequest,
  StateBlame,
  StateHistory,
  TrackedTable,
  TrackRequest,
} from "@postern/sdk/protocol";
import type { Principal } from "../../access/principal.ts";
import type { DatabaseRef } from "./database-services.ts";

export interface HistoryQuestion {
  table: string;
  id?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  request?: string | undefined;
  limit?: number | undefined;
}

export interface StateService {
  history(principal: Principal, question: DatabaseRef & HistoryQuestion): Promise<StateHistory>;
  blame(principal: Principal, question: DatabaseRef & { table: string; id: string }): Promise<StateBlame>;
  request(principal: Principal, question: DatabaseRef & { request: string }): Promise<RequestMutations>;
  listTracked(principal: Principal, input: DatabaseRef): Promise<TrackedTable[]>;
  track(principal: Principal, input: DatabaseRef & TrackRequest): Promise<TrackedTable>;
  untrack(principal: Principal, input: DatabaseRef & { table: string }): Promise<TrackedTable>;
  restore(
    principal: Principal,
    input: DatabaseRef & RestoreRowRequest,
    requestId: string,
  ): Promise<RestoredRow>;
}
