/**
 * In charge of destroying an environment, or a project with all of its environments: services are stopped first, then the
 * databases are destroyed, each with its last backup, then releases, logs and ports go. Until the first database is gone
 * there is a way back.
 */
import type { ErrorBody } from "@postern/sdk/protocol";
import { PosternError } from "../base/error.ts";
import type { AccountId, ProjectId } from "../base/id.ts";
import { requestDestroyDatabase } from "../databases/destroy-database.ts";
import { awaitOperation } from "../instances/await-operation.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { type BoundService, listBoundServices } from "../state/environment-services.ts";
import { insertOperation, listOperations, type OperationRow } from "../state/operations.ts";
import { deleteEnvironment, deleteProject, listEnvironments } from "../state/projects.ts";
import {
  activateRelease,
  deactivateReleases,
  type EnvironmentKey,
  findEnvironmentReleases,
  noteReleaseOperation,
} from "../state/releases.ts";
import { removePlace } from "./release-layout.ts";
import { claim } from "./request-release.ts";
import type { ServiceKeeper } from "./service-keeper.ts";

interface DestroyInput {
  project_id: ProjectId;
  /** Absent: all, and the project with them. */
  environment?: string;
  skip_snapshot: boolean;
  with_branches: boolean;
  /** What served when it began, by environment. */
  served?: Record<string, number>;
  /** From then on there is no way back. */
  begun?: boolean;
  undoing?: ErrorBody;
}

export interface DestroyWishes {
  skipSnapshot: boolean;
  withBranches: boolean;
}

/** @throws Y7051 */
export async function requestDestroyEnvironment(
  platform: Platform,
  accountId: AccountId,
  { project_id, environment }: { project_id: ProjectId; environment?: string },
  { skipSnapshot, withBranches }: DestroyWishes,
): Promise<OperationRow> {
  return platform.state.transaction(async (tx) => {
    const rows = await listEnvironments(tx, project_id);
    const names = rows.map(({ name }) => name).filter((name) => (environment ?? name) === name);
    for (const name of names) await claim(tx, { project_id, environment: name });
    const operation = await insertOperation(tx, {
      kind: environment === undefined ? "destroy_project" : "destroy_environment",
      databaseId: null,
      accountId,
      input: {
        project_id,
        ...(environment === undefined ? {} : { environment }),
        skip_snapshot: skipSnapshot,
        with_branches: withBranches,
      },
    });
    for (const name of names)
      await noteReleaseOperation(tx, { project_id, environment: name }, { operationId: operation.id });
    return operation;
  });
}

export const destroyEnvironment = ({ keeper }: { keeper: ServiceKeeper }): OperationHandler => ({
  async run(platform, run) {
    const { project_id, environment } = inputOf(run);
    for (;;) {
      const rows = await listEnvironments(platform.state, project_id);
      const row = rows.find(({ name }) => (environment ?? name) === name);
      if (!row) break;
      await destroyOne(platform, keeper, run, { project_id, environment: row.name });
    }
    if (environment === undefined) await deleteProject(platform.state, project_id);
    return { project_id, ...(environment === undefined ? {} : { environment }) };
  },

  canCancel: ({ begun }) => begun !== true,

  async undo(platform, run) {
    const { project_id, served = {}, begun } = inputOf(run);
    if (begun === true) return;
    for (const [environment, number] of Object.entries(served)) {
      const key = { project_id, environment };
      await platform.state.transaction((tx) => activateRelease(tx, key, number, "superseded"));
      await keeper.ensure(key);
    }
  },
});

const inputOf = (run: OperationRun): DestroyInput => run.row.input as unknown as DestroyInput;

async function destroyOne(
  platform: Platform,
  keeper: ServiceKeeper,
  run: OperationRun,
  key: EnvironmentKey,
): Promise<void> {
  const { state } = platform;
  await run.step(`services of ${key.environment}`, async () => {
    const active = (await findEnvironmentReleases(state, key))?.active ?? null;
    if (active !== null)
      await run.remember({ served: { ...inputOf(run).served, [key.environment]: active } });
    await state.transaction((tx) => deactivateReleases(tx, key));
    await keeper.ensure(key);
  });
  for (const bound of await listBoundServices(state, key))
    await run.step(`database ${bound.database.name}`, () => destroyDatabaseOf(platform, run, bound));
  await run.step(`releases of ${key.environment}`, async () => {
    await run.remember({ begun: true });
    await removePlace(platform, key);
  });
  // A database that was bound meanwhile is found by the next look at the environments.
  await deleteEnvironment(state, key);
}

/** By an operation of its own, as `postern db destroy` does it; an attempt before may have begun it. */
async function destroyDatabaseOf(
  platform: Platform,
  run: OperationRun,
  { database }: BoundService,
): Promise<void> {
  const input = inputOf(run);
  const { state } = platform;
  const known = await listOperations(state, { databaseId: database.id, limit: 10 });
  const going = known.find(
    ({ kind, status }) => kind === "destroy_database" && (status === "pending" || status === "running"),
  );
  const operation =
    going ??
    (await requestDestroyDatabase(platform, run.row.account_id, database, {
      skipSnapshot: input.skip_snapshot,
      withBranches: input.with_branches,
    }));
  for (;;) {
    const { status, error } = await awaitOperation(platform, operation.id, 60_000, run.signal);
    run.signal.throwIfAborted();
    if (error) throw PosternError.fromBody(error);
    if (status === "completed") break;
  }
  await run.remember({ begun: true });
}
