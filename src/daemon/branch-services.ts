/** In charge of giving the HTTP server the functions behind the routes of branches. */
import type { CreatedBranch } from "@postern/sdk/protocol";
import type { Principal } from "../access/principal.ts";
import { compareDatabases, requireParent } from "../databases/compare-databases.ts";
import { requestCreateBranch } from "../databases/create-branch.ts";
import { describeRow } from "../databases/describe-database.ts";
import { findDatabase } from "../databases/find-database.ts";
import { requestReplaceByBranch } from "../databases/replace-by-branch.ts";
import type { BranchService } from "../http/services/database-services.ts";
import { awaitOperation } from "../instances/await-operation.ts";
import type { Platform } from "../instances/platform.ts";
import { listBranches } from "../state/branches.ts";
import { findDatabaseById } from "../state/databases.ts";
import { describeOperation } from "../state/operations.ts";
import { accountOf, throwIfFailed } from "./database-services.ts";

/** Copying may take longer than a request lasts: then the answer is that it goes on. */
const createWaitMs = 25_000;

export function branchServices(platform: Platform): BranchService {
  const find = (principal: Principal, ref: string) => findDatabase(platform.state, principal, ref);
  return {
    async create(principal, { ref, wait, ...input }) {
      const parent = await find(principal, ref);
      const accepted = await requestCreateBranch(platform, principal.accountId, parent, input);
      const operation = wait
        ? await awaitOperation(platform, accepted.operation.id, createWaitMs)
        : accepted.operation;
      throwIfFailed(operation);
      const info = await describeRow(platform, (await findDatabaseById(platform.state, accepted.id))!);
      const { way = null } = (operation.result ?? {}) as Partial<Pick<CreatedBranch, "way">>;
      return { ...info, parent_id: parent.id, token: accepted.token, operation_id: operation.id, way };
    },
    async list(principal, { ref }) {
      const rows = await listBranches(platform.state, (await find(principal, ref)).id);
      return Promise.all(rows.map((row) => describeRow(platform, row)));
    },
    async reset(principal, { ref }) {
      const request = { kind: "reset_branch", skipSafetySnapshot: true } as const;
      return describeOperation(
        await requestReplaceByBranch(platform, accountOf(principal), await find(principal, ref), request),
      );
    },
    async compare(principal, { ref, base }) {
      const row = await find(principal, ref);
      const other = base === undefined ? await requireParent(platform, row) : await find(principal, base);
      return compareDatabases(platform, other, row);
    },
    async promote(principal, { ref, skip_safety_snapshot }) {
      const request = { kind: "promote_branch", skipSafetySnapshot: skip_safety_snapshot === true } as const;
      return describeOperation(
        await requestReplaceByBranch(platform, principal.accountId, await find(principal, ref), request),
      );
    },
  };
}
