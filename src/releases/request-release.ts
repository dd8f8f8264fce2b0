/** In charge of accepting deploys, rollbacks and restarts: one at a time for an environment, and what cannot be is refused. */
import type { DeployRequest, RollbackRequest } from "@postern/sdk/protocol";
import type { AccountPrincipal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import type { AccountId, OperationId } from "../base/id.ts";
import type { FoundEnvironment } from "../environments/find-environment.ts";
import type { Platform } from "../instances/platform.ts";
import { speaksOfManaged } from "../manifest/interpolate.ts";
import { type Manifest, reservedVariables } from "../manifest/manifest.ts";
import { readManifest } from "../manifest/read-manifest.ts";
import { refuseUnrunnable } from "../manifest/refuse-unrunnable.ts";
import { invalidManifest } from "../manifest/render-issues.ts";
import { findOperation, insertOperation, type OperationRow } from "../state/operations.ts";
import {
  type EnvironmentKey,
  type EnvironmentReleases,
  findRelease,
  insertRelease,
  listReleases,
  lockEnvironmentReleases,
  noteReleaseOperation,
  type ReleaseRow,
} from "../state/releases.ts";
import type { Queryable } from "../state/state.ts";
import { uploadFile } from "./deploy-release.ts";
import { logSize } from "./read-log.ts";
import { isUploadOf } from "./receive-upload.ts";
import { sealedFor } from "./release-context.ts";

export interface AcceptedRelease {
  release: ReleaseRow;
  operation: OperationRow;
}

export const keyOfFound = ({ project, environment }: FoundEnvironment): EnvironmentKey => ({
  project_id: project.id,
  environment: environment.name,
});

/** @throws Y7001 Y7050 Y7051 Y7055 Y7056 Y8002 */
export async function requestDeploy(
  platform: Platform,
  principal: AccountPrincipal,
  found: FoundEnvironment,
  input: DeployRequest,
): Promise<AcceptedRelease> {
  requireServicesAllowed(platform, principal);
  const key = keyOfFound(found);
  const manifest = readRunnable(input.manifest, key.environment);
  const variables = input.variables ?? {};
  refuseReserved(variables);
  if (
    !isUploadOf(input.upload, principal.accountId) ||
    (await logSize(uploadFile(platform, input.upload))) === 0
  )
    throw posternError("Y7055", "There is no such upload.", { hint: "Uploads are kept for a day." });
  return platform.state.transaction(async (tx) => {
    const { row: before, after } = await claim(tx, key, { waitsForRestart: true });
    const number = before.last_number + 1;
    const operation = await insertOperation(tx, {
      kind: "deploy",
      databaseId: null,
      accountId: principal.accountId,
      input: {
        ...key,
        release: number,
        previous: before.active,
        upload: input.upload,
        ...(after === undefined ? {} : { after }),
        ...(input.accept_data_loss === true ? { accept_data_loss: true } : {}),
      },
    });
    await noteReleaseOperation(tx, key, { operationId: operation.id, lastNumber: number });
    const release = await insertRelease(tx, {
      ...key,
      number,
      account_id: principal.accountId,
      operation_id: operation.id,
      manifest: withoutValues(manifest, variables),
      variables_sealed: platform.secrets.seal(JSON.stringify(variables), sealedFor(key, number)),
    });
    return { release, operation };
  });
}

/** @throws Y7051 Y7054 Y7058 */
export async function requestRollback(
  platform: Platform,
  principal: AccountPrincipal,
  found: FoundEnvironment,
  { to }: RollbackRequest,
): Promise<AcceptedRelease> {
  requireServicesAllowed(platform, principal);
  const key = keyOfFound(found);
  return platform.state.transaction(async (tx) => {
    const { active } = (await claim(tx, key)).row;
    if (active === null) throw nothingDeployed(key);
    const release = await chooseTarget(tx, key, { active, to });
    return begin(tx, "rollback", key, { release, active, accountId: principal.accountId });
  });
}

/** @throws Y7051 Y7058 */
export async function requestRestart(
  platform: Platform,
  accountId: AccountId,
  key: EnvironmentKey,
): Promise<AcceptedRelease> {
  return platform.state.transaction(async (tx) => {
    const { active } = (await claim(tx, key)).row;
    const release = active === null ? undefined : await findRelease(tx, key, active);
    if (!release) throw nothingDeployed(key);
    return begin(tx, "restart_services", key, { release, active: release.number, accountId });
  });
}

/** As by itself, for its deployer; undefined where something else is under way or nothing serves. */
export async function requestRestartFor(
  platform: Platform,
  key: EnvironmentKey,
  note: (tx: Queryable) => Promise<void>,
): Promise<OperationRow | undefined> {
  return platform.state.transaction(async (tx) => {
    const { active, operation_id } = await lockEnvironmentReleases(tx, key);
    if (active === null || (await findUnderWay(tx, operation_id))) return undefined;
    const release = await findRelease(tx, key, active);
    if (!release) return undefined;
    await note(tx);
    const { account_id: accountId } = release;
    return (await begin(tx, "restart_services", key, { release, active, accountId, byItself: true }))
      .operation;
  });
}

interface Beginning {
  release: ReleaseRow;
  active: number;
  accountId: AccountId | null;
  /** Nobody asked for it: a deploy waits for it, and is not refused. */
  byItself?: boolean;
}

async function begin(
  tx: Queryable,
  kind: "rollback" | "restart_services",
  key: EnvironmentKey,
  { release, active, accountId, byItself = false }: Beginning,
): Promise<AcceptedRelease> {
  const operation = await insertOperation(tx, {
    kind,
    databaseId: null,
    accountId,
    input: { ...key, release: release.number, previous: active, ...(byItself ? { by_itself: true } : {}) },
  });
  await noteReleaseOperation(tx, key, { operationId: operation.id });
  return { release, operation };
}

/** @throws Y7051: the second of two is told what the first one is */
export async function claim(
  tx: Queryable,
  key: EnvironmentKey,
  { waitsForRestart = false } = {},
): Promise<{ row: EnvironmentReleases; after?: OperationId }> {
  const row = await lockEnvironmentReleases(tx, key);
  const other = await findUnderWay(tx, row.operation_id);
  if (!other) return { row };
  if (waitsForRestart && other.input.by_itself === true) return { row, after: other.id };
  throw posternError(
    "Y7051",
    `${workNames[other.kind] ?? "Another deploy"} of ${key.environment} is under way.`,
    {
      detail: `It is ${other.id}, begun at ${other.created_at.toISOString()}.`,
      hint: `\`postern ops watch ${other.id}\` waits for its end.`,
    },
  );
}

const workNames: Record<string, string> = {
  rollback: "A rollback",
  restart_services: "A restart",
  destroy_environment: "The destruction",
  destroy_project: "The destruction",
};

async function findUnderWay(db: Queryable, id: OperationId | null): Promise<OperationRow | undefined> {
  const row = id === null ? undefined : await findOperation(db, id);
  return row?.status === "pending" || row?.status === "running" ? row : undefined;
}

async function chooseTarget(
  tx: Queryable,
  key: EnvironmentKey,
  { active, to }: { active: number; to: number | undefined },
): Promise<ReleaseRow> {
  const rows = await listReleases(tx, key, 1_000);
  const couldServe = rows.filter(
    (row) =>
      row.has_files && row.number !== active && (row.status === "superseded" || row.status === "rolled_back"),
  );
  const chosen =
    to === undefined
      ? couldServe.find((row) => row.number < active && row.status === "superseded")
      : couldServe.find((row) => row.number === to);
  if (chosen) return chosen;
  const names = couldServe.map(({ number }) => number).join(", ");
  throw posternError(
    "Y7054",
    to === undefined
      ? `There is no release before ${active} in ${key.environment} that can be put back.`
      : `Release ${to} of ${key.environment} cannot be put back.`,
    {
      ...(names === "" ? {} : { detail: `These can: ${names}.` }),
      hint: "`postern release list` shows what was deployed.",
    },
  );
}

export const nothingDeployed = ({ environment }: EnvironmentKey) =>
  posternError("Y7058", `Nothing is deployed to ${environment}.`, {
    hint: `\`postern deploy --env ${environment}\` does.`,
  });

/** @throws Y7056 */
export function requireServicesAllowed({ config }: Platform, { role }: AccountPrincipal): void {
  if (config.sharedState !== null)
    throw posternError("Y8036", "Services are not deployed to a Postern of several control planes.", {
      detail: "A service is a process of one machine, and would end with it.",
      hint: "Run the application elsewhere: `postern apply` makes its databases, `postern vars` prints what it needs.",
    });
  if (config.services === "all" || (config.services === "admins" && role === "admin")) return;
  throw posternError("Y7056", "Services may not be deployed to this Postern.", {
    detail: `Their code would run on its machine; POSTERN_SERVICES is ${config.services}.`,
    hint: "Ask its administrator. Databases are not concerned: `postern apply`, `postern vars`, `postern run`.",
  });
}

/** @throws Y7001 Y7050 */
export function readRunnable(text: string, environment: string): Manifest {
  const reading = readManifest(text);
  if (reading.issues.length > 0) throw invalidManifest("postern.yaml", reading.issues);
  const manifest = reading.forEnvironment(environment);
  refuseUnrunnable(manifest);
  return manifest;
}

/** @throws Y8002 */
function refuseReserved(variables: Record<string, Record<string, string>>): void {
  for (const [service, own] of Object.entries(variables))
    for (const name of reservedVariables) {
      if (own[name] === undefined || speaksOfManaged(own[name])) continue;
      throw posternError("Y8002", `Service ${service} sets ${name}, and it is Postern's to set.`, {
        hint: `Leave it out, or write \${managed.<service>.<field>}.`,
      });
    }
}

/** In Postern's tables values stand sealed, and only there. PORT is none of them: it decides how a service is started. */
function withoutValues(manifest: Manifest, variables: Record<string, Record<string, string>>): Manifest {
  const services = Object.values(manifest.services).map((service) => {
    const names = Object.keys({ ...service.environment, ...variables[service.name] });
    return [service.name, { ...service, environment: Object.fromEntries(names.map((name) => [name, ""])) }];
  });
  return { ...manifest, services: Object.fromEntries(services) as Manifest["services"] };
}
