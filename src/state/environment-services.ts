/** In charge of the rows that say which database serves a managed service of an environment. */
import type { DatabaseClass } from "@postern/sdk/protocol";
import type { DatabaseId, ProjectId, TokenId } from "../base/id.ts";
import type { DatabaseRow } from "./databases.ts";
import type { Queryable } from "./state.ts";

/** What a manifest says of a managed database, where it says something. */
export interface AppliedService {
  class: DatabaseClass;
  engine_version?: string | undefined;
  schedule?: string | false | undefined;
  retention?: string | undefined;
  snapshot_on_delete?: boolean | undefined;
  snapshot_on_reset?: boolean | undefined;
}

export interface ServiceKey {
  project_id: ProjectId;
  environment: string;
  service: string;
}

export interface EnvironmentServiceRow extends ServiceKey {
  database_id: DatabaseId;
  applied: AppliedService;
  /** False: the manifest had it once. */
  in_manifest: boolean;
  /** Of the token that the platform itself keeps for the environment's services. */
  token_id: TokenId | null;
  token_sealed: Buffer | null;
  created_at: Date;
}

export interface BoundService extends EnvironmentServiceRow {
  database: DatabaseRow;
}

/** Those whose database lives. */
export async function listBoundServices(
  db: Queryable,
  { project_id, environment }: Omit<ServiceKey, "service">,
): Promise<BoundService[]> {
  const { rows } = await db.query<EnvironmentServiceRow>(
    `select s.*
       from environment_services s join databases d on d.id = s.database_id
      where s.project_id = $1 and s.environment = $2 and d.destroyed_at is null
      order by s.service`,
    [project_id, environment],
  );
  return withDatabases(db, rows);
}

/** The rows of databases have types that only a query of their own keeps (dates, bytes, big numbers). */
async function withDatabases(db: Queryable, services: EnvironmentServiceRow[]): Promise<BoundService[]> {
  const { rows } = await db.query<DatabaseRow>("select * from databases where id = any($1::text[])", [
    services.map((service) => service.database_id),
  ]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return services.flatMap((service) => {
    const database = byId.get(service.database_id);
    return database ? [{ ...service, database }] : [];
  });
}

/** Takes the place of a database that was destroyed; false when another one serves already. */
export async function bindService(
  db: Queryable,
  key: ServiceKey & { database_id: DatabaseId; applied: AppliedService },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into environment_services as s (project_id, environment, service, database_id, applied)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id, environment, service) do update
       set database_id = excluded.database_id, applied = excluded.applied, in_manifest = true,
           token_id = null, token_sealed = null, created_at = now()
       where exists (select from databases d where d.id = s.database_id and d.destroyed_at is not null)`,
    [key.project_id, key.environment, key.service, key.database_id, JSON.stringify(key.applied)],
  );
  return rowCount === 1;
}

export async function saveApplied(db: Queryable, key: ServiceKey, applied: AppliedService): Promise<void> {
  await db.query(
    `update environment_services set applied = $4, in_manifest = true
      where project_id = $1 and environment = $2 and service = $3`,
    [key.project_id, key.environment, key.service, JSON.stringify(applied)],
  );
}

/** Those that are not among `services` any more are left as they are, and known as left. */
export async function noteLeftServices(
  db: Queryable,
  key: Omit<ServiceKey, "service">,
  services: readonly string[],
): Promise<void> {
  await db.query(
    `update environment_services set in_manifest = service = any($3::text[])
      where project_id = $1 and environment = $2`,
    [key.project_id, key.environment, services],
  );
}

export async function saveServiceToken(
  db: Queryable,
  key: ServiceKey,
  token: { id: TokenId; sealed: Buffer },
): Promise<void> {
  await db.query(
    `update environment_services set token_id = $4, token_sealed = $5
      where project_id = $1 and environment = $2 and service = $3`,
    [key.project_id, key.environment, key.service, token.id, token.sealed],
  );
}

/** Tokens that the platform keeps for environments' services: they go when credentials are rotated. */
export async function listServiceTokenIds(db: Queryable, databaseId: DatabaseId): Promise<TokenId[]> {
  const { rows } = await db.query<{ token_id: TokenId }>(
    "select token_id from environment_services where database_id = $1 and token_id is not null",
    [databaseId],
  );
  return rows.map((row) => row.token_id);
}

export interface DatabaseEnvironment {
  database_id: DatabaseId;
  project_id: ProjectId;
  project: string;
  name: string;
  service: string;
  protected: boolean;
}

/** Which environments databases belong to. */
export async function listEnvironmentsOfDatabases(
  db: Queryable,
  ids: readonly DatabaseId[],
): Promise<Map<DatabaseId, DatabaseEnvironment>> {
  const { rows } = await db.query<DatabaseEnvironment>(
    `select s.database_id, s.project_id, p.name as project, e.name, s.service, e.is_protected as protected
       from environment_services s
       join environments e on e.project_id = s.project_id and e.name = s.environment
       join projects p on p.id = s.project_id
      where s.database_id = any($1::text[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.database_id, row]));
}
