/** In charge of the part of the control plane that is about branches. */
import type { Requests } from "./control-backups.ts";
import { databasePath, queryString } from "./control-paths.ts";
import type {
  CreateBranchRequest,
  CreatedBranch,
  DatabaseInfo,
  OperationInfo,
  PromoteBranchRequest,
  SchemaDiff,
} from "./protocol.ts";

export function branchMethods({ get, post }: Pick<Requests, "get" | "post">) {
  return {
    /** `wait: false` answers as soon as the work is accepted. */
    createBranch: (ref: string, input: CreateBranchRequest, { wait = true }: { wait?: boolean } = {}) =>
      post<CreatedBranch>(
        `${databasePath(ref)}/branches${queryString({ wait: wait ? undefined : false })}`,
        input,
      ),
    /** Newest first. */
    listBranches: (ref: string) => get<DatabaseInfo[]>(`${databasePath(ref)}/branches`),
    resetBranch: (ref: string) => post<OperationInfo>(`${databasePath(ref)}/branch/reset`),
    promoteBranch: (ref: string, input: PromoteBranchRequest = {}) =>
      post<OperationInfo>(`${databasePath(ref)}/branch/promote`, input),
    /** How a branch's schema differs from its parent's, or from that of `base`. */
    compareSchemas: (ref: string, base?: string) =>
      get<SchemaDiff>(`${databasePath(ref)}/schema-diff${queryString({ base })}`),
  };
}
