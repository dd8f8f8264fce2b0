/** In charge of the part of the control plane that is about migrations. */
import type { Requests } from "./control-backups.ts";
import { databasePath } from "./control-paths.ts";
import type {
  AppliedMigration,
  MigrateOptions,
  MigrateRequest,
  MigrationState,
  OperationInfo,
} from "./protocol.ts";

export function migrationMethods({ get, post }: Pick<Requests, "get" | "post">) {
  return {
    migrate: (ref: string, input: MigrateRequest & MigrateOptions) =>
      post<OperationInfo>(`${databasePath(ref)}/migrations`, input),
    /** Runs the pending files on a copy of the database; the operation's result is a `RehearsalResult`. */
    rehearseMigrations: (ref: string, input: MigrateRequest) =>
      post<OperationInfo>(`${databasePath(ref)}/migrations/rehearse`, input),
    compareMigrations: (ref: string, input: MigrateRequest) =>
      post<MigrationState[]>(`${databasePath(ref)}/migrations/status`, input),
    listMigrations: (ref: string) => get<AppliedMigration[]>(`${databasePath(ref)}/migrations`),
  };
}
