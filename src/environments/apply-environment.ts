/**
 * In charge of bringing the databases of an environment in line with a manifest. Each step is an operation that is accepted or not,
 * and a database is bound to its service in the transaction that accepts its creation: whoever is cut off applies again.
 */
import type {
  AppliedServiceInfo,
  ApplyRequest,
  ApplyResult,
  ManagedServiceWishes,
} from "@postern/sdk/protocol";
import type { AccountPrincipal } from "../access/principal.ts";
import { hasCode, posternError } from "../base/error.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import { changeBackupPolicy } from "../databases/change-backup-policy.ts";
import { requestCreateDatabase, requireProvisioning } from "../databases/create-database.ts";
import { chooseMajor } from "../databases/postgres-version.ts";
import { requestScale } from "../databases/scale-database.ts";
import type { Platform } from "../instances/platform.ts";
import type { DatabaseRow } from "../state/databases.ts";
import {
  bindService,
  listBoundServices,
  noteLeftServices,
  saveApplied,
} from "../state/environment-services.ts";
import { describeOperation, listOperations } from "../state/operations.ts";
import { findEnvironment, noteApplied, type ProjectRow } from "../state/projects.ts";
import { createProject, ensureEnvironment } from "./change-projects.ts";
import {
  checkEnvironmentName,
  checkProjectName,
  isProtectedByName,
  nameDatabase,
} from "./environment-names.ts";
import { lookUpProject } from "./find-environment.ts";
import { appliedOf } from "./plan-service.ts";
import { keyOf, type Place, planServices } from "./plan-services.ts";

/** Two at once: the second one waits, and finds what the first has done. */
export async function applyEnvironment(
  platform: Platform,
  lock: KeyedLock,
  principal: AccountPrincipal,
  request: ApplyRequest,
): Promise<ApplyResult> {
  checkEnvironmentName(request.environment);
  const known = await lookUpProject(platform.state, principal, request.project);
  const isPlan = request.plan === true;
  if (!known) checkProjectName(request.project);
  if (isPlan) return planEnvironment(platform, known, request);
  const project = known ?? (await makeProject(platform, principal, request.project));
  return lock.run(`${project.id}/${request.environment}`, async () => {
    await refuseWhatCannotBe(platform, project, request);
    const environment = await ensureEnvironment(platform, project, request.environment, request.protected);
    const place = { project, environment };
    const services = await planServices(platform, place, request);
    for (const service of services) {
      const wishes = request.services[service.service];
      if (wishes) await applyService(platform, principal, place, service, wishes);
    }
    await noteLeftServices(platform.state, keyOf(place), Object.keys(request.services));
    await noteApplied(platform.state, environment);
    return resultOf(place, services, false);
  });
}

async function planEnvironment(
  platform: Platform,
  project: ProjectRow | undefined,
  request: ApplyRequest,
): Promise<ApplyResult> {
  await refuseWhatCannotBe(platform, project, request);
  const environment = project && (await findEnvironment(platform.state, project.id, request.environment));
  const services = await planServices(platform, environment && { project: project!, environment }, request);
  return {
    project_id: project?.id ?? null,
    project: project?.name ?? request.project,
    environment: request.environment,
    protected: request.protected ?? environment?.is_protected ?? isProtectedByName(request.environment),
    plan: true,
    services,
  };
}

/** Whoever else makes a project of that name at this moment makes the same one. */
async function makeProject(
  platform: Platform,
  principal: AccountPrincipal,
  name: string,
): Promise<ProjectRow> {
  try {
    return await createProject(platform, principal.accountId, name);
  } catch (error) {
    if (!hasCode(error, "Y7008")) throw error;
    return (await lookUpProject(platform.state, principal, name))!;
  }
}

/** Before anything is made: a manifest is applied whole or refused whole, as far as that can be known. @throws Y3009 Y7009 */
async function refuseWhatCannotBe(
  platform: Platform,
  project: ProjectRow | undefined,
  request: ApplyRequest,
): Promise<void> {
  const bound = project
    ? await listBoundServices(platform.state, { project_id: project.id, environment: request.environment })
    : [];
  for (const [service, wishes] of Object.entries(request.services)) {
    if (bound.some((one) => one.service === service)) continue;
    requireProvisioning(platform);
    await chooseMajor(platform, wishes.engine_version);
  }
}

const resultOf = (
  { project, environment }: Place,
  services: AppliedServiceInfo[],
  plan: boolean,
): ApplyResult => ({
  project_id: project.id,
  project: project.name,
  environment: environment.name,
  protected: environment.is_protected,
  plan,
  services,
});

async function applyService(
  platform: Platform,
  principal: AccountPrincipal,
  place: Place,
  info: AppliedServiceInfo,
  wishes: ManagedServiceWishes,
): Promise<void> {
  const key = { ...keyOf(place), service: info.service };
  if (info.action === "create") await create(platform, place, info, wishes);
  const bound = await listBoundServices(platform.state, key);
  const database = bound.find(({ service }) => service === info.service)?.database;
  if (!database) return;
  info.database = { id: database.id, name: database.name };
  if (info.action === "create") {
    if (wishes.backup) await changeBackupPolicy(platform, database, wishes.backup);
  } else {
    await goOn(platform, database, info);
    await change(platform, principal, database, info);
  }
  await saveApplied(platform.state, key, appliedOf(wishes));
}

/** A name that another database has is not taken from it: the next one is tried. */
async function create(
  platform: Platform,
  { project, environment }: Place,
  info: AppliedServiceInfo,
  wishes: ManagedServiceWishes,
): Promise<void> {
  const { service } = info;
  const parts = { project: project.name, environment: environment.name, service, isOnly: service === "db" };
  const input = {
    class: wishes.class,
    ...(wishes.engine_version === undefined ? {} : { version: wishes.engine_version }),
  };
  for (let attempt = 0; attempt < 50; attempt++) {
    const name = nameDatabase(parts, attempt);
    try {
      const accepted = await requestCreateDatabase(
        platform,
        project.account_id,
        { ...input, name },
        async (tx, id) => {
          const key = { project_id: project.id, environment: environment.name, service };
          // Of backups nothing is remembered yet: they are set once the database is accepted.
          const applied = appliedOf({ ...wishes, backup: {} });
          const isFirst = await bindService(tx, { ...key, database_id: id, applied });
          if (!isFirst) throw posternError("Y9001", `Service ${service} was bound twice.`);
        },
      );
      info.operations.push(describeOperation(accepted.operation));
      return;
    } catch (error) {
      if (!hasCode(error, "Y3002")) throw error;
    }
  }
  throw posternError("Y3002", `No name is left for the database of service ${service}.`);
}

/** What an earlier apply began and has not ended belongs to this one as well. */
async function goOn(platform: Platform, database: DatabaseRow, info: AppliedServiceInfo): Promise<void> {
  const running = await listOperations(platform.state, { databaseId: database.id, limit: 20 });
  for (const operation of running) {
    const { kind, status } = operation;
    if (kind !== "create_database" && kind !== "scale_database") continue;
    if (status === "pending" || status === "running") info.operations.push(describeOperation(operation));
  }
}

async function change(
  platform: Platform,
  principal: AccountPrincipal,
  database: DatabaseRow,
  { changes, operations }: AppliedServiceInfo,
): Promise<void> {
  const backup = changes.filter(({ field }) => field !== "class");
  if (backup.length > 0) {
    const wishes = Object.fromEntries(backup.map(({ field, to }) => [field, to]));
    await changeBackupPolicy(platform, database, wishes);
  }
  const to = changes.find(({ field }) => field === "class")?.to as DatabaseRow["class"] | undefined;
  if (to === undefined) return;
  const accepted = await requestScale(platform, principal.accountId, database, { class: to });
  operations.push(describeOperation(accepted));
}
