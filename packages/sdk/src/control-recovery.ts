/** In charge of the part of the control plane that is about recovery. */
import type { Requests } from "./control-backups.ts";
import { databasePath } from "./control-paths.ts";
import type {
  CreatedDatabase,
  DatabaseInfo,
  EnablePointInTimeRequest,
  OperationInfo,
  PointInTimeInfo,
  PromoteRequest,
  RecoverRequest,
  RestoreToTimeRequest,
} from "./protocol.ts";
import { readJson } from "./send-request.ts";

export function recoveryMethods({ send, get, post, remove }: Requests) {
  return {
    getPointInTime: (ref: string) => get<PointInTimeInfo>(pointInTimePath(ref)),
    enablePointInTime: async (ref: string, input: EnablePointInTimeRequest = {}) =>
      readJson<OperationInfo>(await send("PUT", pointInTimePath(ref), input)),
    /** What was archived is deleted. */
    disablePointInTime: (ref: string) => remove<OperationInfo>(pointInTimePath(ref)),
    /** Answers as soon as the work is accepted, with the new database and its token. */
    restoreToTime: (ref: string, input: RestoreToTimeRequest) =>
      post<CreatedDatabase>(`${databasePath(ref)}/restore-to-time`, input),
    /** Those that were made of its data of a moment. */
    listRestored: (ref: string) => get<DatabaseInfo[]>(`${databasePath(ref)}/restored`),
    promoteDatabase: (ref: string, input: PromoteRequest = {}) =>
      post<OperationInfo>(`${databasePath(ref)}/promote`, input),
    /** A server whose data is lost: `shared`, or a database that has one for itself. */
    recoverServer: (ref: string, input: RecoverRequest = {}) =>
      post<OperationInfo>(`/v1/servers/${encodeURIComponent(ref)}/recover`, input),
  };
}

const pointInTimePath = (ref: string) => `${databasePath(ref)}/point-in-time`;
