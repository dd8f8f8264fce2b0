/** In charge of the part of the control plane that tries what row security lets a client see. */
import type { Requests } from "./control-backups.ts";
import { databasePath } from "./control-paths.ts";
import type { ExecuteResult, JsonValue, RowSecurityTestRequest } from "./protocol.ts";

export function rowSecurityMethods({ post }: Pick<Requests, "post">) {
  return {
    /** Runs a statement as a client of the database would, and undoes it. */
    testRowSecurity: <Row = Record<string, JsonValue>>(
      ref: string,
      input: RowSecurityTestRequest,
      options: { rowsAsArrays?: boolean } = {},
    ) =>
      post<ExecuteResult<Row>>(
        `${databasePath(ref)}/rls/test${options.rowsAsArrays === true ? "?rows=array" : ""}`,
        input,
      ),
  };
}
