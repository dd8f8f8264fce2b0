/** In charge of the part of the control plane that is about databases that sleep. */
import type { Requests } from "./control-backups.ts";
import { databasePath } from "./control-paths.ts";
import type { DatabaseActivity, DatabaseInfo, PauseRules } from "./protocol.ts";
import { readJson } from "./send-request.ts";

export function pauseMethods({ send, get, post }: Pick<Requests, "send" | "get" | "post">) {
  return {
    /** Resolves when it sleeps; whoever wants it wakes it. */
    pauseDatabase: (ref: string) => post<DatabaseInfo>(`${databasePath(ref)}/pause`),
    resumeDatabase: (ref: string) => post<DatabaseInfo>(`${databasePath(ref)}/resume`),
    /** When it sleeps by itself. */
    setPauseRules: async (ref: string, input: PauseRules) =>
      readJson<DatabaseInfo>(await send("PUT", `${databasePath(ref)}/pause`, input)),
    /** Who keeps it awake. */
    getActivity: (ref: string) => get<DatabaseActivity>(`${databasePath(ref)}/activity`),
  };
}
