/** In charge of putting together what deploys and runs services, and the functions behind its routes. */
import type { RestartedServices } from "@postern/sdk/protocol";
import type { AccountPrincipal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import { findEnvironment, findProject } from "../environments/find-environment.ts";
import { readManagedValues } from "../environments/read-managed-values.ts";
import type { EnvironmentRef } from "../http/services/project-services.ts";
import type { ReleaseService } from "../http/services/release-services.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { deployRelease } from "../releases/deploy-release.ts";
import { describeRelease, describeService } from "../releases/describe-release.ts";
import { destroyEnvironment, requestDestroyEnvironment } from "../releases/destroy-environment.ts";
import { ValueFollower } from "../releases/follow-values.ts";
import { readLog } from "../releases/read-log.ts";
import { receiveUpload } from "../releases/receive-upload.ts";
import type { ReadValues } from "../releases/release-context.ts";
import { releasePlace } from "../releases/release-layout.ts";
import {
  type AcceptedRelease,
  keyOfFound,
  nothingDeployed,
  requestDeploy,
  requestRestart,
  requestRollback,
  requireServicesAllowed,
} from "../releases/request-release.ts";
import { restartServices, rollbackRelease } from "../releases/rollback-release.ts";
import { ServiceKeeper } from "../releases/service-keeper.ts";
import { listServingEnvironments } from "../state/given-values.ts";
import { describeOperation } from "../state/operations.ts";
import {
  type EnvironmentKey,
  findEnvironmentReleases,
  findRelease,
  listReleases,
} from "../state/releases.ts";
import type { DataPlane } from "./data-plane.ts";

export interface Releases {
  service: ReleaseService;
  /** Whoever composes starts and stops it. */
  keeper: ServiceKeeper;
  follower: ValueFollower;
  /** Around a change of what a database's services are given. */
  following: FollowedChanges;
  handlers: Record<string, OperationHandler>;
}

export function composeReleases(
  platform: Platform,
  { forgetTokens }: Pick<DataPlane, "forgetTokens">,
  lock: KeyedLock,
): Releases {
  const readValues: ReadValues = async (bound) => {
    const { values, isNewToken } = await readManagedValues(platform, lock, bound);
    if (isNewToken) await forgetTokens(bound.database_id);
    return values;
  };
  const keeper = new ServiceKeeper(platform, readValues);
  const work = { keeper, readValues };
  const follower = new ValueFollower(platform, keeper);
  return {
    keeper,
    follower,
    following: followedChanges(platform, keeper, follower),
    handlers: {
      deploy: deployRelease(work),
      rollback: rollbackRelease(work),
      restart_services: restartServices(work),
      destroy_environment: destroyEnvironment(work),
      destroy_project: destroyEnvironment(work),
    },
    service: releaseServices(platform, keeper),
  };
}

export interface FollowedChanges {
  /** Which environments' services use the database; who asks them waits until `follow`, or for a while. */
  prepare(id: DatabaseId): Promise<EnvironmentKey[]>;
  follow(keys: readonly EnvironmentKey[]): Promise<RestartedServices[]>;
}

function followedChanges(
  platform: Platform,
  keeper: ServiceKeeper,
  follower: ValueFollower,
): FollowedChanges {
  const { state } = platform;
  return {
    async prepare(id) {
      const keys = await listServingEnvironments(state, id);
      await Promise.all(keys.map((key) => keeper.pauseFronts(key)));
      return keys;
    },
    async follow(keys) {
      if (keys.length === 0) return [];
      await follower.follow();
      // Whoever looked first has begun it.
      const told = keys.map(async (key) => ({
        project_id: key.project_id,
        environment: key.environment,
        operation_id: (await findEnvironmentReleases(state, key))!.operation_id!,
      }));
      return Promise.all(told);
    },
  };
}

function releaseServices(platform: Platform, keeper: ServiceKeeper): ReleaseService {
  const { state } = platform;
  const find = (principal: AccountPrincipal, input: EnvironmentRef) =>
    findEnvironment(state, principal, input);
  const started = ({ release, operation }: AcceptedRelease) => ({
    release: describeRelease(release),
    operation: describeOperation(operation),
  });
  return {
    async upload(principal, body) {
      requireServicesAllowed(platform, principal);
      return receiveUpload(platform, principal.accountId, body);
    },
    deploy: async (principal, input) =>
      started(await requestDeploy(platform, principal, await find(principal, input), input)),
    rollBack: async (principal, input) =>
      started(await requestRollback(platform, principal, await find(principal, input), input)),
    async restart(principal, input) {
      const key = keyOfFound(await find(principal, input));
      return started(await requestRestart(platform, principal.accountId, key));
    },
    async destroy(principal, { environment, ...input }) {
      const wishes = { skipSnapshot: input.skipSnapshot, withBranches: input.withBranches };
      const place =
        environment === undefined
          ? { project_id: (await findProject(state, principal, input.project)).id }
          : keyOfFound(await find(principal, { project: input.project, environment }));
      return describeOperation(await requestDestroyEnvironment(platform, principal.accountId, place, wishes));
    },
    list: async (principal, input) =>
      (await listReleases(state, keyOfFound(await find(principal, input)))).map(describeRelease),
    listServices: async (principal, input) =>
      keeper
        .list(keyOfFound(await find(principal, input)))
        .map(describeService)
        .sort((a, b) => (a.service < b.service ? -1 : 1)),
    async readLog(principal, { source, ...input }) {
      const key = keyOfFound(await find(principal, input));
      const place = releasePlace(platform, key);
      const part = {
        ...(input.lines === undefined ? {} : { lines: input.lines }),
        ...(input.offset === undefined ? {} : { offset: input.offset }),
      };
      if ("release" in source) {
        if (!(await findRelease(state, key, source.release)))
          throw posternError("Y7054", `There is no release ${source.release} in ${key.environment}.`);
        return readLog(place.deployLog(source.release), part);
      }
      const names = await serviceNames(key);
      if (names.length === 0) throw nothingDeployed(key);
      // Also of one that never became healthy. A name that no release has is no path either.
      if (names.includes(source.service)) return readLog(place.logOf(source.service), part);
      throw posternError("Y7005", `There is no service "${source.service}" in ${key.environment}.`, {
        detail: `It has: ${names.join(", ")}.`,
      });
    },
  };

  async function serviceNames(key: ReturnType<typeof keyOfFound>): Promise<string[]> {
    const rows = await listReleases(state, key);
    return [...new Set(rows.flatMap((row) => describeRelease(row).services))];
  }
}
