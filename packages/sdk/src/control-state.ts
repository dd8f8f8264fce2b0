/** In charge of the part of the control plane that is about the log of changes. */
import type { Requests } from "./control-backups.ts";
import { databasePath, queryString } from "./control-paths.ts";
import type {
  RequestMutations,
  RestoredRow,
  RestoreRowRequest,
  StateBlame,
  StateHistory,
  TrackedTable,
  TrackRequest,
} from "./protocol.ts";
import { readJson } from "./send-request.ts";

export interface HistoryInput {
  table: string;
  /** Without it, of the whole table. */
  id?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  request?: string | undefined;
  limit?: number | undefined;
}

export function stateMethods({ send, get, post, remove }: Requests) {
  return {
    getHistory: (ref: string, input: HistoryInput) =>
      get<StateHistory>(`${statePath(ref)}/history${queryString({ ...input })}`),
    getBlame: (ref: string, input: { table: string; id: string }) =>
      get<StateBlame>(`${statePath(ref)}/blame${queryString(input)}`),
    /** By its id, or the beginning of one that Postern made. */
    getRequestChanges: (ref: string, request: string) =>
      get<RequestMutations>(`${statePath(ref)}/requests/${encodeURIComponent(request)}`),
    listTrackedTables: (ref: string) => get<TrackedTable[]>(`${statePath(ref)}/tables`),
    /** Also changes what is masked. */
    trackTable: async (ref: string, input: TrackRequest) =>
      readJson<TrackedTable>(await send("PUT", `${statePath(ref)}/tables`, input)),
    untrackTable: (ref: string, table: string) =>
      remove<TrackedTable>(`${statePath(ref)}/tables${queryString({ table })}`),
    /** Only shows the change unless `write` is said. */
    restoreRow: (ref: string, input: RestoreRowRequest) =>
      post<RestoredRow>(`${statePath(ref)}/restore`, input),
  };
}

const statePath = (ref: string) => `${databasePath(ref)}/state`;
