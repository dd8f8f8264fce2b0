/** In charge of the rows of releases, and of what serves in an environment. */
import type { ErrorBody, ReleaseStatus } from "@postern/sdk/protocol";
import type { AccountId, BackupId, OperationId, ProjectId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

/** As it stands in the table; what is in it only those know who wrote it. */
export interface ReleaseRow<Manifest = unknown> {
  project_id: ProjectId;
  environment: string;
  number: number;
  status: ReleaseStatus;
  account_id: AccountId | null;
  operation_id: OperationId;
  manifest: Manifest;
  variables_sealed: Buffer;
  backup_id: BackupId | null;
  has_files: boolean;
  error: ErrorBody | null;
  created_at: Date;
  activated_at: Date | null;
  ended_at: Date | null;
}

export interface EnvironmentKey {
  project_id: ProjectId;
  environment: string;
}

export interface EnvironmentReleases extends EnvironmentKey {
  active: number | null;
  last_number: number;
  operation_id: OperationId | null;
}

/** Held until the transaction ends: two at once follow each other. */
export async function lockEnvironmentReleases(
  tx: Queryable,
  key: EnvironmentKey,
): Promise<EnvironmentReleases> {
  await tx.query(
    "insert into environment_releases (project_id, environment) values ($1, $2) on conflict do nothing",
    [key.project_id, key.environment],
  );
  const { rows } = await tx.query<EnvironmentReleases>(
    "select * from environment_releases where project_id = $1 and environment = $2 for update",
    [key.project_id, key.environment],
  );
  return rows[0]!;
}

export async function findEnvironmentReleases(
  db: Queryable,
  key: EnvironmentKey,
): Promise<EnvironmentReleases | undefined> {
  const { rows } = await db.query<EnvironmentReleases>(
    "select * from environment_releases where project_id = $1 and environment = $2",
    [key.project_id, key.environment],
  );
  return rows[0];
}

/** Those in which something serves. */
export async function listActiveEnvironments(db: Queryable): Promise<EnvironmentReleases[]> {
  const { rows } = await db.query<EnvironmentReleases>(
    "select * from environment_releases where active is not null order by project_id, environment",
  );
  return rows;
}

export async function noteReleaseOperation(
  tx: Queryable,
  key: EnvironmentKey,
  { operationId, lastNumber }: { operationId: OperationId; lastNumber?: number },
): Promise<void> {
  await tx.query(
    `update environment_releases set operation_id = $3, last_number = coalesce($4, last_number)
      where project_id = $1 and environment = $2`,
    [key.project_id, key.environment, operationId, lastNumber ?? null],
  );
}

export async function insertRelease(
  tx: Queryable,
  row: Pick<
    ReleaseRow,
    "project_id" | "environment" | "number" | "account_id" | "operation_id" | "manifest" | "variables_sealed"
  >,
): Promise<ReleaseRow> {
  const { rows } = await tx.query<ReleaseRow>(
    `insert into releases (project_id, environment, number, account_id, operation_id, manifest, variables_sealed)
     values ($1, $2, $3, $4, $5, $6, $7) returning *`,
    [
      row.project_id,
      row.environment,
      row.number,
      row.account_id,
      row.operation_id,
      JSON.stringify(row.manifest),
      row.variables_sealed,
    ],
  );
  return rows[0]!;
}

export async function findRelease<Manifest>(
  db: Queryable,
  key: EnvironmentKey,
  number: number,
): Promise<ReleaseRow<Manifest> | undefined> {
  const { rows } = await db.query<ReleaseRow<Manifest>>(
    "select * from releases where project_id = $1 and environment = $2 and number = $3",
    [key.project_id, key.environment, number],
  );
  return rows[0];
}

/** Newest first. */
export async function listReleases(db: Queryable, key: EnvironmentKey, limit = 100): Promise<ReleaseRow[]> {
  const { rows } = await db.query<ReleaseRow>(
    "select * from releases where project_id = $1 and environment = $2 order by number desc limit $3",
    [key.project_id, key.environment, limit],
  );
  return rows;
}

/** What served until now becomes `before`, and `number` serves; in a transaction of its own it is all or nothing. */
export async function activateRelease(
  tx: Queryable,
  key: EnvironmentKey,
  number: number,
  before: "superseded" | "rolled_back",
): Promise<void> {
  await tx.query(
    `update releases set status = $4, ended_at = now()
      where project_id = $1 and environment = $2 and status = 'active' and number <> $3`,
    [key.project_id, key.environment, number, before],
  );
  await tx.query(
    `update releases set status = 'active', activated_at = now(), ended_at = null
      where project_id = $1 and environment = $2 and number = $3`,
    [key.project_id, key.environment, number],
  );
  await tx.query("update environment_releases set active = $3 where project_id = $1 and environment = $2", [
    key.project_id,
    key.environment,
    number,
  ]);
}

/** Nothing serves from now on. */
export async function deactivateReleases(tx: Queryable, key: EnvironmentKey): Promise<void> {
  const values = [key.project_id, key.environment];
  await tx.query(
    `update releases set status = 'superseded', ended_at = now()
      where project_id = $1 and environment = $2 and status = 'active'`,
    values,
  );
  await tx.query(
    "update environment_releases set active = null where project_id = $1 and environment = $2",
    values,
  );
}

export async function failRelease(
  db: Queryable,
  key: EnvironmentKey,
  number: number,
  error: ErrorBody,
): Promise<void> {
  await db.query(
    `update releases set status = 'failed', error = $4, ended_at = now(), has_files = false
      where project_id = $1 and environment = $2 and number = $3 and status = 'deploying'`,
    [key.project_id, key.environment, number, JSON.stringify(error)],
  );
}

export async function noteReleaseBackup(
  db: Queryable,
  key: EnvironmentKey,
  number: number,
  backupId: BackupId,
): Promise<void> {
  await db.query(
    "update releases set backup_id = $4 where project_id = $1 and environment = $2 and number = $3",
    [key.project_id, key.environment, number, backupId],
  );
}

export async function noteFilesGone(db: Queryable, key: EnvironmentKey, number: number): Promise<void> {
  await db.query(
    "update releases set has_files = false where project_id = $1 and environment = $2 and number = $3",
    [key.project_id, key.environment, number],
  );
}
