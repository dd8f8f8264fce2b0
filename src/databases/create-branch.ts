/**
 * In charge of branches: a database that begins as a copy of another one, with secrets of its own. A server of its own is
 * copied as it runs; from the shared one the database is dumped and restored, so that nobody's sessions are disturbed.
 */

import { rm } from "node:fs/promises";
import type { CreateBranchRequest } from "@postern/sdk/protocol";
import { copyContent, copyDirectoryOf } from "../backups/copy-content.ts";
import { requireDiskSpace } from "../base/disk-space.ts";
import { parseDuration } from "../base/duration.ts";
import { posternError } from "../base/error.ts";
import { type AccountId, type InstanceId, newInstanceId } from "../base/id.ts";
import { hashSecret } from "../base/secrets.ts";
import { cloneInstance } from "../instances/clone-instance.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import { machineOf } from "../instances/machine-of.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import { createTenant, dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { ensureReserved, provisionInstance, startClone } from "../instances/provision-instance.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { settleClone } from "../instances/settle-clone.ts";
import { insertBranch, saveBranchedAt } from "../state/branches.ts";
import {
  type DatabaseRow,
  deleteDatabaseRow,
  findDatabaseById,
  insertToken,
  updateDatabase,
} from "../state/databases.ts";
import { insertOperation } from "../state/operations.ts";
import type { Queryable } from "../state/state.ts";
import { chooseInstance } from "./choose-instance.ts";
import { type AcceptedDatabase, explainTaken, proveReady } from "./create-database.ts";
import { draftCopy } from "./draft-copy.ts";
import { checkDatabaseName, inventName } from "./name-rules.ts";
import { removeData } from "./remove-data.ts";
import { requireReady } from "./require-ready.ts";

const shortestLifeMs = 60_000;
const longestLifeMs = 366 * 86_400_000;

/** Its queue is the parent's: while the copy is made nobody restores, moves or destroys that. @throws Y3002 Y3003 Y3004 Y3073 */
export async function requestCreateBranch(
  platform: Platform,
  accountId: AccountId,
  parent: DatabaseRow,
  input: CreateBranchRequest,
): Promise<AcceptedDatabase> {
  requireReady(parent);
  const name = checkDatabaseName(input.name ?? `${parent.name.slice(0, 36)}-${inventName()}`);
  const expiresAt = expiryOf(platform.clock.now(), input.ttl);
  await requireDiskSpace(platform, 64 * 1024 ** 2, `Branch ${name}`);
  const { row, token } = await draftCopy(platform, parent, name);
  try {
    const operation = await platform.state.transaction(async (tx) => {
      await insertBranch(tx, {
        ...row,
        parent_id: parent.id,
        expires_at: expiresAt,
        backup_on_expiry: input.backup_on_expiry === true,
        oidc_issuer: parent.oidc_issuer,
        oidc_audience: parent.oidc_audience,
      });
      await insertToken(tx, row.id, hashSecret(token), "master");
      return insertOperation(tx, {
        kind: "create_branch",
        databaseId: parent.id,
        accountId,
        input: { branch_id: row.id, instance: await placeOf(tx, row, parent) },
      });
    });
    return { id: row.id, token, operation };
  } catch (error) {
    throw explainTaken(error, name, row.role_name);
  }
}

/** Beside its parent, or on a server of its own. @throws Y8022 when there is no room beside it */
async function placeOf(
  tx: Queryable,
  branch: Pick<DatabaseRow, "id" | "class" | "connection_limit">,
  parent: DatabaseRow,
): Promise<InstanceId | "shared"> {
  if (parent.isolation === "shared") return "shared";
  if (parent.isolation !== "external") return newInstanceId();
  const chosen = await chooseInstance(tx, {
    class: branch.class,
    connectionLimit: branch.connection_limit,
    instance: parent.instance_id!,
  });
  await updateDatabase(tx, branch.id, { instance_id: chosen.id, placed_on: chosen.id });
  return chosen.id;
}

/** @throws Y3073 */
export function expiryOf(now: Date, ttl: string | undefined): Date | null {
  if (ttl === undefined) return null;
  const lifeMs = parseDuration(ttl);
  if (lifeMs >= shortestLifeMs && lifeMs <= longestLifeMs) return new Date(now.getTime() + lifeMs);
  throw posternError("Y3073", `A branch cannot live for ${ttl}.`, {
    hint: "Give from 1m to 366d, for example 2h or 7d; without a length of time it stays until it is deleted.",
  });
}

export const createBranch: OperationHandler = {
  async run(platform, run) {
    const { parent, branch } = await requireBoth(platform, run);
    const instance = run.row.input.instance as InstanceId | "shared";
    const placed: DatabaseRow = { ...branch, instance_id: instance };
    const way = isOnOwnServer(placed)
      ? await fillOwn(platform, run, parent, placed)
      : await fillShared(platform, run, parent, placed);
    await run.step("first query", () => proveReady(platform, placed));
    await updateDatabase(platform.state, branch.id, { status: "ready" });
    return {
      database_id: branch.id,
      parent_id: parent.id,
      way,
      skipped_grants: run.row.input.skipped_grants ?? [],
    };
  },

  canCancel: () => true,

  async undo(platform, run) {
    await rm(copyDirectoryOf(platform.config.home, run), { recursive: true, force: true });
    const branch = await findDatabaseById(platform.state, run.row.input.branch_id as DatabaseRow["id"]);
    if (!branch) return;
    const instance = run.row.input.instance as InstanceId | "shared";
    await platform.pooler.unroute(branch.database_name);
    await removeData(platform, { ...branch, instance_id: instance });
    await deleteDatabaseRow(platform.state, branch.id);
  },
};

async function fillOwn(
  platform: Platform,
  run: OperationRun,
  parent: DatabaseRow,
  branch: DatabaseRow,
): Promise<string> {
  const instance = branch.instance_id as InstanceId;
  await ensureReserved(platform, instance, branch.class, machineOf(parent));
  const way = await copyServer(platform, run, parent, branch, instance);
  await noteMoment(platform, run, branch);
  await updateDatabase(platform.state, branch.id, { instance_id: instance });
  await run.step("open", async () => {
    await provisionInstance(platform, instance, branch.class);
    const { socketDirectory } = serverLayout(platform.config.home, instance);
    await platform.pooler.route({ database: branch.database_name, socketDirectory });
  });
  return way;
}

/** `target` is a running copy of `source`'s server afterwards, with the names and secrets of `as`, that nobody can reach. */
export async function copyServer(
  platform: Platform,
  run: OperationRun,
  source: DatabaseRow,
  as: DatabaseRow,
  target: InstanceId,
): Promise<string> {
  if (run.row.input.branched_at === undefined)
    await run.remember({ branched_at: platform.clock.now().toISOString() });
  await ensureReserved(platform, target, as.class, machineOf(source));
  const way = await run.step("copy", () =>
    cloneInstance(platform, source.instance_id!, target, {
      signal: run.signal,
      onBytes: (done, total) => run.progress(done, total, "bytes"),
    }),
  );
  await run.step("start", () => startClone(platform, target, as.class));
  await run.step("identity", () => settleClone(platform, target, source, as));
  return way;
}

async function fillShared(
  platform: Platform,
  run: OperationRun,
  parent: DatabaseRow,
  branch: DatabaseRow,
): Promise<string> {
  await updateDatabase(platform.state, branch.id, { instance_id: branch.instance_id });
  await run.step("database", async () => {
    // What an attempt that was cut off has filled in part begins again.
    await dropPhysicalDatabase(platform, branch, branch.database_name);
    await createTenant(platform, branch);
  });
  await run.remember({ branched_at: platform.clock.now().toISOString() });
  const { skippedGrants } = await copyContent(platform, run, parent, branch);
  await run.remember({ skipped_grants: skippedGrants });
  await noteMoment(platform, run, branch);
  if (branch.isolation === "external") {
    const { socketDirectory } = serverLayout(platform.config.home, branch.instance_id!);
    await run.step("pooler", () =>
      platform.pooler.route({ database: branch.database_name, socketDirectory }),
    );
  }
  return "dump";
}

export const noteMoment = (platform: Platform, run: OperationRun, branch: DatabaseRow): Promise<void> =>
  saveBranchedAt(platform.state, branch.id, new Date(run.row.input.branched_at as string));

async function requireBoth(
  platform: Platform,
  run: OperationRun,
): Promise<{ parent: DatabaseRow; branch: DatabaseRow }> {
  const parent = await findDatabaseById(platform.state, run.row.database_id!);
  const branch = await findDatabaseById(platform.state, run.row.input.branch_id as DatabaseRow["id"]);
  if (!parent || parent.instance_id === null || parent.destroyed_at !== null || !branch)
    throw posternError("Y3001", "The database that was to be branched is gone.");
  return { parent, branch };
}
