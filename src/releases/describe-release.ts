/** In charge of what is told of releases and of the services that run. */
import type { ReleaseInfo, RunningService } from "@postern/sdk/protocol";
import type { Manifest } from "../manifest/manifest.ts";
import type { ReleaseRow } from "../state/releases.ts";
import type { KeptService } from "./service-keeper.ts";
import { frontAddress } from "./service-ports.ts";

export function describeRelease(row: ReleaseRow): ReleaseInfo {
  const services = Object.values((row.manifest as Manifest).services).filter(
    ({ role }) => role === "service",
  );
  return {
    project_id: row.project_id,
    environment: row.environment,
    number: row.number,
    status: row.status,
    operation_id: row.operation_id,
    services: services.map(({ name }) => name),
    variables: Object.fromEntries(
      services.map(({ name, environment }) => [name, Object.keys(environment).sort()]),
    ),
    backup_id: row.backup_id,
    has_files: row.has_files,
    error: row.error,
    created_at: row.created_at.toISOString(),
    activated_at: row.activated_at?.toISOString() ?? null,
    ended_at: row.ended_at?.toISOString() ?? null,
  };
}

export const describeService = (kept: KeptService): RunningService => ({
  service: kept.service.name,
  release: kept.release.row.number,
  state: kept.state,
  pid: kept.process?.pid ?? null,
  restarts: kept.restarts,
  url: kept.listening.kind === "none" ? null : `http://${frontAddress}:${kept.listening.port}`,
  detail: kept.detail,
});
