/** In charge of what a manifest means for each managed service of an environment, as its databases are now. */
import type { AppliedServiceInfo, ApplyRequest, ManagedServiceWishes } from "@postern/sdk/protocol";
import type { Platform } from "../instances/platform.ts";
import { findBackupPolicy } from "../state/backup-policies.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { type BoundService, listBoundServices } from "../state/environment-services.ts";
import { findInstance } from "../state/instances.ts";
import { listOperations } from "../state/operations.ts";
import type { EnvironmentRow, ProjectRow } from "../state/projects.ts";
import { planService } from "./plan-service.ts";

export interface Place {
  project: ProjectRow;
  environment: EnvironmentRow;
}

export const keyOf = ({ project, environment }: Place) => ({
  project_id: project.id,
  environment: environment.name,
});

/** `place` undefined: there is no such environment yet. */
export async function planServices(
  platform: Platform,
  place: Place | undefined,
  request: ApplyRequest,
): Promise<AppliedServiceInfo[]> {
  const bound = place ? await listBoundServices(platform.state, keyOf(place)) : [];
  const wanted = Object.entries(request.services).map(async ([service, wishes]) => {
    const known = bound.find((one) => one.service === service);
    return known ? planBound(platform, known, wishes) : planCreation(service, wishes);
  });
  const left = bound.filter(({ service }) => request.services[service] === undefined).map(planLeft);
  return [...(await Promise.all(wanted)), ...left];
}

const planCreation = (service: string, wishes: ManagedServiceWishes): AppliedServiceInfo => ({
  service,
  action: "create",
  database: null,
  class: wishes.class,
  changes: [],
  notes: [],
  operations: [],
});

const planLeft = ({ service, database }: BoundService): AppliedServiceInfo => ({
  service,
  action: "leave",
  database: { id: database.id, name: database.name },
  class: database.class,
  changes: [],
  notes: [
    `The manifest does not declare it any more. Its data stays; \`postern db destroy ${database.id}\` destroys it.`,
  ],
  operations: [],
});

async function planBound(
  platform: Platform,
  { service, database, applied }: BoundService,
  wishes: ManagedServiceWishes,
): Promise<AppliedServiceInfo> {
  const instance =
    database.instance_id === null ? undefined : await findInstance(platform.state, database.instance_id);
  const policy = await findBackupPolicy(platform.state, database.id);
  const version = instance?.version ?? wishes.engine_version ?? platform.toolchain.postgresVersion;
  const now = { class: database.class, version, backup: policy };
  const scaling = await scalingTo(platform, database, wishes.class);
  // A move that failed is tried again, and one that goes on is nobody's doing by hand.
  const last = scaling === "failed" ? { ...applied, class: database.class } : applied;
  const { changes, notes } = planService(
    scaling === "running" ? { ...wishes, class: now.class } : wishes,
    now,
    last,
  );
  return {
    service,
    action: changes.length > 0 ? "change" : "keep",
    database: { id: database.id, name: database.name },
    class: database.class,
    changes,
    notes,
    operations: [],
  };
}

/** How the last move of the database to that class stands. */
async function scalingTo(
  platform: Platform,
  database: DatabaseRow,
  wanted: DatabaseRow["class"],
): Promise<"running" | "failed" | "done"> {
  const operations = await listOperations(platform.state, { databaseId: database.id, limit: 100 });
  const last = operations.find(({ kind }) => kind === "scale_database");
  if (last?.input.class !== wanted) return "done";
  if (last.status === "pending" || last.status === "running") return "running";
  return last.status === "completed" ? "done" : "failed";
}
